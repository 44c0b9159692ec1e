"""Polish words of customers; stems with * because the language inflects."""

GOOD = {
    3: "kocham*, uwielbiam*, rewelac*, fantastyczn*, wspaniał*, cudown*, genialn*, doskonał*, idealn*,"
    " perfekc*, najlepsz*, sztos*, petarda, bomba, mega, jestem zachwycon*, zachwycon*, gorąco polecam,"
    " szczerze polecam, jestem pod wrażeniem, pod wrażeniem, złot*, wybitn*, przepyszn*, mistrzostwo,"
    " 10 na 10, nie ma lepsz*, kochani",
    2: "polecam*, polecić, dzięki, dziękuj*, dziekowac, podziękowania, super, świetn*, dobr*, ekstra, fajn*, mił*,"
    " przemił*, sympatyczn*, pyszn*, smaczn*, piękn*, ładn*, śliczn*, zadowolon*, szczęśliw*, brawo, gratul*,"
    " pomocn*, uprzejm*, profesjonaln*, szybk*, bez zarzutu, bez problem*, bez zastrzeżeń, bezproblemow*,"
    " nie zawiod*, jak zawsze na, spoko, git, kozak, sztosik, cud*, warto, wrócimy, wrócę, miodzio, cacko,"
    " podoba, lubię, wdzięczn*, działa świetnie, jak złoto, czapki z głów, ratujecie, uratowa*, pro, smacznie,"
    " rzetelni*, solidn*, godn*, komfort*",
    1: "sprawn*, łatwo, wygodn*, czyst*, śwież*, już działa, znowu działa, działa bez, udało się, zdążyli,"
    " w porządku, okej, poprawn*, ciekaw*, uczciw*, następnego dnia, przed czasem, naprawion*, rozwiązan*, lepiej",
}  # fmt: skip
BAD = {
    3: "tragedi*, tragiczn*, dramat*, skandal*, kpina, kpiny, żenad*, żenując*, oszust*, oszuka*, oszukuj*,"
    " złodziej*, okropn*, fataln*, najgorsz*, beznadziej*, dno, masakr*, porażk*, hańba, wstyd*, bezczeln*,"
    " chamsk*, chamstwo, nigdy więcej, omijać, omijajcie, odradzam, nie polecam, strata czasu, strata pieniędzy,"
    " szkoda kasy, szkoda pieniędzy, brak słów, badziew*, gówn*, shit, nienawidz*, do bani, dzięki za nic, syf*,"
    " nie do przyjęcia, niedopuszczaln*, wyłudz*, kłam*, ścierw*, szambo, obrzydliw*, wkurw*, chuj*",
    2: "zepsut*, popsut*, zepsuł*, uszkodz*, wadliw*, rozbit*, potłuczon*, rozpad*, pękn*, połaman*, nie dział*, przestał*,"
    " nie dotar*, nie dosz*, nie przysz*, nie przyjecha*, nie dosta*, nie mogę, nie da się, nie mam zasięgu, brak zasięgu, brak internetu, brak kontaktu,"
    " brak odpowiedzi, brak reakcji, nikt nie, nadal czekam, wciąż czekam, dalej czekam, ciągle czekam, ile można,"
    " i cisza, dalej cisza, zero kontaktu, zero odpowiedzi, gdzie moj*, gdzie jest moj*, gdzie paczka, zgubi*, zagin*,"
    " pomyl*, brakuje, reklamac*, reklamuj*, zwrot*, zwróćcie, oddajcie, skarg*, skarż*, arogan*, niemił*,"
    " nieuprzejm*, opryskliw*, rozczarow*, zawiedzion*, zawiod*, zawied*, słab*, kiepsk*, marn*, gorsz*, źle, zły, zła,"
    " złe, irytuj*, wkurz*, zdenerw*, wściek*, denerwuj*, awari*, podwyżk*, drogo, za drogo, zdzierstwo, drożyzna, spóźni*, opóźni*,"
    " niesmaczn*, zimne, zimna pizza, brudn*, brud, śmierdz*, spleśnia*, popsuł*, nie spełnia, niezadowolon*, bez uzasadnienia,"
    " odrzucon*, pobraliście, dwa razy, podwójnie, wylogow*, zawiesza*, wyrzuca, błąd, błęd*, zablokow*, włam*, okradli,"
    " niepoważn*, lekceważ*, ignoruj*, zignorow*, rzucił*, śmiech na sali, śmieszne, ściema, lipa, klapa, kicha, po co mi,"
    " level master, poparz*, wybuch*, dymi*, spuch*, na pogotowi*, zatru*, szpital*, tandet*, nieaktualn*, w kolejce,"
    " ile jeszcze, znowu nie, ponownie nie, jest nigdy, niekompeten*, olewa*, olali, kręta*, nie odbiera*, nie odpisuj*,"
    " nie odpowiada*, nie reaguj*, nie przyszed*",
    1: "czekam*, problem*, niestety, szkoda, trudno, wolno, wolny, długo, nudn*, ostatni raz, znowu, znów to, trzeci raz,"
    " drugi raz z rzędu, kolejny raz, cały czas, ciągle, serio, bałam się, bałem się, męcz*, rozumiem że, coś nie, pilnie,"
    " przykro, smutn*, nic nie, gorzej",
}  # fmt: skip
NOT = "nie, bez, nigdy, brak, żaden, żadn*, ani, wcale, zero"
VERY = "bardzo, mega, super, naprawdę, strasznie, tak, totalnie, niesamowicie, wyjątkowo, aż, ogromnie, mocno"
BUT = "ale, jednak, lecz, natomiast, tylko że, niestety"
IRONY = "trzeci raz, znowu nie, znowu to, i znowu, po raz kolejny, kolejny raz, brawo wy, level master, gratuluję, no pięknie, no super, nie mam zasięgu, za nic, miesiąc czekania, ten sam błąd, znowu delay"  # fmt: skip
URGENT = "pilne, pilny, pilna, pilnie, pilnego, pilną, jak najszybciej, natychmiast*, na już, niezwłocznie, bezzwłocznie, jutro wylatuję, jutro wyjeżdżam, nie mogę czekać, na dziś, do jutra, sytuacja awaryjna, asap, za godzinę mam, za godzinę lot, w tej chwili"  # fmt: skip
SAFETY = "pożar*, zapalił* się, zapaliła się, stanął w ogniu, stanęła w ogniu, dymi się, dymić, dym z, poparzy*, poparzon*, oparze*, wybuch*, eksplod*, poraził* prąd*, kopnął prąd*, zatru*, wypadek, wypadku, zrani*, skaleczy*, skalecz*, krwawi*, szpital*, karetk*, pogotowi*, reakcj* alergiczn*, uczulen*, zadław*, niebezpieczn*, zagraża życiu, zagraża zdrowiu, szkło w, kawałek szkła, ulatnia się gaz, czad, zemdla*, samobój*, zabiję się, zabić się, odebrać sobie życie, nie chce mi się żyć, nie chcę żyć, skończyć ze sobą, grozi mi, groził mi, pobił*, przegrzewa*, spuchła bateria, bateria spuchła"  # fmt: skip
REQUESTS = "proszę o, prosze o, proszę oddzwonić, proszę odpisać, proszę odpowiedzieć, proszę zadzwonić, proszę sprawdzić, prosiłabym o, prosiłbym o, poproszę o, czekam na odpowiedź, odezwijcie się, odpiszcie, napiszcie, dajcie znać, pomóżcie, pomocy, oddzwońcie, chciałabym się dowiedzieć, chciałbym się dowiedzieć, chciałam zapytać, chciałem zapytać, mam pytanie, co się dzieje, powiedzcie"  # fmt: skip
