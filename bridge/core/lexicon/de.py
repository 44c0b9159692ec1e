"""German words of customers, also as they are written without umlauts."""

GOOD = {
    3: "liebe, lieben, großartig*, hervorragend*, fantastisch*, perfekt*, exzellent*, ausgezeichnet*, beste, bester, bestes, besten,"
    " wunderbar*, traumhaft*, genial*, begeistert*, mega, hammer, geil, geile, geiler, bombe, weltklasse, sensationell*,"
    " absolut empfehlenswert, kann ich nur empfehlen, nur zu empfehlen, 1a, tiptop, spitze, spitzenmäßig, einsame klasse, bestens",
    2: "danke, dankeschön, vielen dank, dank, gut, gute, guter, gutes, guten, super, toll, tolle, toller, tolles, klasse, prima, nett,"
    " nette, nettes, netten, freundlich*, zuvorkommend*, hilfsbereit*, kompetent*, lecker*, köstlich*, schön*, zufrieden*, glücklich*, empfehle, empfehlen,"
    " empfehlenswert, weiterempfehl*, gerne wieder, immer wieder gerne, jederzeit wieder, top, freue, gefreut, gefällt, bravo, glückwunsch, respekt, cool,"
    " gelohnt, lohnt sich, qualität stimmt, ohne probleme, problemlos*, reibungslos*, einwandfrei*, tadellos*, lob, liebevoll*, gelungen, stark, läuft super,"
    " hat geklappt, hat funktioniert, nichts zu meckern, alles bestens, alles gut, hilfreich*, wertig*, hochwertig*, preiswert, nicht enttäuscht",
    1: "schnell*, einfach, frisch*, sauber*, pünktlich*, fair*, okay, funktioniert wieder, geht wieder, gelöst, läuft, bequem*, ordentlich*, besser, früher als, angenehm*",
}  # fmt: skip
BAD = {
    3: "schlechteste*, schlimmste*, katastroph*, unverschämt*, frech, frechheit, dreist*, betrug*, betrüger*, abzocke*, abgezockt, schrott, müll, mist, scheiß*, verarsch*,"
    " unfassbar, skandal*, nie wieder, nie mehr, finger weg, hände weg, lügen, lügner*, gelogen, ekelhaft*, ekelig, eklig*, widerlich*, hasse, grauenhaft*, grottig*, unterirdisch*,"
    " ein witz, lächerlich*, peinlich*, armutszeugnis, sauerei, zum kotzen, inakzeptabel, unzumutbar*, danke für nichts, geldverschwendung, lebensmittelvergiftung",
    2: "schlecht*, schlimm*, kaputt*, defekt*, beschädigt*, enttäusch*, unfreundlich*, unhöflich*, arrogant*, inkompetent*, sauer, wütend, ärger*, nervt, nervig*, frustrier*, genervt,"
    " funktioniert nicht, geht nicht, klappt nicht, gefällt mir nicht, ging nicht, nicht angekommen, nie angekommen, nicht geliefert, noch nicht da, immer noch nicht, immer noch nichts, keine antwort, keine reaktion,"
    " keine rückmeldung, keiner antwortet, niemand antwortet, niemand meldet, niemand geht, keiner meldet, keiner fühlt, warteschleife, falsch*, fehlt, fehlen, fehler, fehlerhaft*, verloren, zweimal abgebucht, doppelt abgebucht, abgebucht, bucht jemand ab,"
    " beschwer*, reklamation, rückerstattung, geld zurück, mein geld, erstattet, zu teuer, überteuert, preiserhöhung, ausgefallen, ausfall, störung, stürzt ab, stürzt ständig ab, abgestürzt, abstürz*,"
    " hängt sich auf, wo bleibt, kündige, kündigung, gekündigt, keine lust mehr, angeblich, hier ist nichts, ungenießbar*, schmutzig*, dreckig*, verschimmelt, schimmel*, versalzen, billig verarbeitet, mangelhaft*, mängel, mangel,"
    " unzufrieden*, unzuverlässig*, unprofessionell*, unverständlich*, gesperrt, gehackt, geklaut, gestohlen, explodier*, verbrann*, verbrenn*, blutet, brennt, verletzt, vergift*, glasscherbe*, krankenhaus, zumutung, veräppelt, verschlimmert, schlechter, im stich, ignoriert, ignorieren, unmöglich*, traurig*, bescheiden*, zerrissen, zerbrochen, abgebrochen, gebrochen, nichts geht",
    1: "leider, problem*, warte, warten, gewartet, wartezeit, spät, verspätet*, verspätung, langsam*, teuer*, schade, umständlich*, kompliziert*, langweilig*, kalt*, laut, schon wieder, zum dritten mal, zum zweiten mal, ständig, seit wochen, seit tagen, nichts passiert, bedenken, naja, mäßig*, früher war, nee",
}  # fmt: skip
NOT = "nicht, kein, keine, keinen, keiner, keinerlei, nie, niemals, ohne, nichts, weder, kaum, null, nix"
VERY = "sehr, so, richtig, echt, total, absolut, extrem, super, mega, wirklich, voll, besonders, unglaublich, komplett"
BUT = "aber, jedoch, allerdings, trotzdem, dennoch, leider, nur"
IRONY = "schon wieder, mal wieder ausgefallen, für nichts, na super, na toll, nummer drei, na klasse, welcher kundenservice, preiserhöhung, vielen dank auch, danke auch"  # fmt: skip
URGENT = "dringend*, eilt, eilig, sofort, so schnell wie möglich, schnellstmöglich, umgehend, unverzüglich, asap, notfall*, morgen fliegen, morgen fliege, noch heute, bis morgen, brauche heute, jetzt sofort"  # fmt: skip
SAFETY = "explodier*, explosion, brennt, gebrannt, feuer gefangen, in flammen, in brand, verbrannt, verbrennung*, rauch aus, qualmt, raucht, stromschlag, gasgeruch, kohlenmonoxid, lebensmittelvergiftung, vergift*, allergischer schock, allergische reaktion, allergisch reagiert, glasscherbe*, glassplitter, scherben im, metall im, verletz*, blutet, blutend, blutig*, krankenhaus, notaufnahme, notarzt, rettungswagen, bewusstlos, ohnmächtig, verschluckt, erstickt, gefährlich*, lebensgefahr, lebensgefährlich*, suizid*, selbstmord, umbringen, nicht mehr leben, mir das leben nehmen, bedroht, angegriffen, überhitzt, aufgebläht*, unfall"  # fmt: skip
REQUESTS = "bitte um, bitte melden, bitte antworten, bitte rückruf, bitte helfen, bitte prüfen, rückruf bitte, bitte dringend, bitte schicken, schickt mir, schicken sie mir, meldet euch, melden sie sich, ruft mich an, rufen sie mich, antwortet mal, ich bräuchte, ich brauche hilfe, hilfe, hätte gern, hätte eine frage, habe eine frage, hab ne frage, sagt mir, any idea"  # fmt: skip
