"""English words of customers. docs/signals.md says how they are read."""

GOOD = {
    3: "love, loved, loves, loving, amazing, awesome, excellent, fantastic, perfect*, outstanding,"
    " brilliant, superb, best, incredible, wonderful, delighted, obsessed, made my day,"
    " made my week, can't fault, highly recommend, five stars, 5 stars, above and beyond,"
    " life saver, lifesaver, saved my day, chef's kiss, goat, exceptional, phenomenal, flawless",
    2: "great, thank you, thanks, thx, ty, tysm, cheers, happy, pleased, glad, impressed, recommend*,"
    " good, lovely, beautiful, delicious, tasty, yummy, cute, friendly, helpful, polite, kind,"
    " nice, cool, appreciate*, grateful, enjoy*, well done, good job, great job, nice work, kudos,"
    " shoutout, shout out, bravo, congrats, congratulations, satisfied, comfy, gorgeous,"
    " stunning, like a charm, no complaints, works great, works fine, works perfectly, spot on,"
    " a treat, worth it, worth every penny, ur awesome, legend, legends, painless, hassle free,"
    " seamless, smooth*, as described, as promised, on point, no cap, slaps, fire, lit, banging,"
    " bang on, reliable, generous, thoughtful, fab, fabulous, charming, patient, quality, star",
    1: "quick*, fast, easy, fresh, clean, fair, works again, working again, sorted, solved, fixed,"
    " fine, comfortable, cosy, cozy, welcoming, win, winner, better, improved, like it, liked,"
    " fun, interesting, solid, decent, early, resolved, relieved, safe, hope you",
}  # fmt: skip
BAD = {
    3: "worst, awful, terrible, horrible, disgusting, pathetic, unacceptable, disgrace*, outrageous,"
    " appalling, atrocious, scam*, fraud*, rip off, ripoff, thieves, thief, liar*, lied, lying,"
    " stole, stealing, hate, hated, never again, never ordering, never buying, never coming back,"
    " avoid, shame on, ashamed, shambles, garbage, rubbish, trash, crap, shit*, useless, clowns,"
    " a joke, dreadful, abysmal, horrendous, furious, livid, disaster, nightmare, incompetent,"
    " thanks for nothing, sick of, fed up, food poisoning, stay away, waste of, criminal, vile",
    2: "bad, poor*, disappoint*, broken, broke, damaged, defective, faulty, cracked, rude, angry,"
    " upset, annoy*, frustrat*, ridiculous, useless, not working, stopped working, doesn't work,"
    " does not work, isn't working, won't work, don't work, never arrived, never came,"
    " hasn't arrived, not arrived, didn't arrive, did not arrive, still waiting, still no,"
    " still not, still nothing, no reply, no answer, no response, nobody answers, no one answers,"
    " nobody replies, no one replies, ignored, ignoring, hung up, on hold, charge me twice,"
    " charged twice, charged me twice, double charged, overcharged, wrong, missing, lost my,"
    " refund, money back, complaint*, complain, fail*, ghosted, ghost me, cancel*, mess, poison*,"
    " dirty, filthy, stale, soggy, inedible, overpriced, expensive, price increase, price hike,"
    " unhelpful, unprofessional, arrogant, misleading, false advertising, fake, crash*, keeps crashing,"
    " glitchy, buggy, unusable, nothing is here, nothing here, expected more, expected better,"
    " nothing like, fell apart, ripped, torn, leaking, scratched, dented, burned, burnt, sparked,"
    " exploded, caught fire, smoke*, glass in, hospital, injured, locked out, hacked, stolen,"
    " spending my money, took money, why is my bill, joke, sucks, sucked, suck, dead on arrival,"
    " unfair, insult*, waste, worse, regret, unreliable, unsafe, dangerous, blocked my, worst of,"
    " can't believe, cannot believe, is down, outage, no service, no signal, no internet, weak,"
    " doesn't load, won't load, can't log in, error, pissed, gutted, fuming, unhappy, dissatisfied,"
    " let down, nope, how hard can, call yourselves, not a word, cut her, cut his, cut my",
    1: "late, delay*, slow, cold food, food was cold, cold again, meh, waited, waiting, problem*, issue*, trouble, unfortunately, sadly,"
    " confusing, confused, boring, bland, smell*, noisy, loud, hate shopping, long queue, queue,"
    " sold out, out of stock, difficult, hard to, tired of, ugh, smh, bruh, yikes, overrated, so so,"
    " mediocre, nobody, no one, again and again, second time, 2nd time, third time, 3rd time,"
    " every time, weeks and, days and, been gone, missed, forgot, forgotten, cheaply, ghosting",
}  # fmt: skip
NOT = "not, no, never, t, don, dont, isn, isnt, wasnt, doesnt, didnt, cant, cannot, wont, without, nothing, hardly, barely, aint, zero, neither, nor, none"  # fmt: skip
VERY = "very, so, really, totally, absolutely, completely, extremely, super, such, honestly, too, incredibly, bloody, truly"  # fmt: skip
BUT = "but, however, although, though, except, yet"
# What turns praise in front of it into mockery.
IRONY = "another price, another day, another delay, yet another, just what i needed, just what i wanted, cold food again, truly a talent, three weeks and, how you, love waiting, love how, love when, love that you, so professional, thanks a lot for, great job on, keep up the bad"  # fmt: skip
URGENT = "urgent*, asap, a s a p, emergency, immediately, right now, right away, as soon as possible, at once, hurry, by tomorrow, before tomorrow, flight leaves, leaves in, today please, within the hour, need it today, need this today, time sensitive, running out of time, stranded, locked out"  # fmt: skip
SAFETY = "caught fire, catching fire, burst into flames, on fire and, burned my, burnt my, burned her, burned his, sparked, sparks, exploded, explosion, smoke coming, smoking battery, electric shock, electrocuted, gas leak, carbon monoxide, food poisoning, poisoned, allergic reaction, anaphyla*, choking, choked, glass in, metal in, injury, injured, injuries, bleeding, hospital, ambulance, unconscious, hurt my, was hurt, got hurt, cut my, cut her, cut his, dangerous, unsafe, safety hazard, mould in, mold in, kill myself, killing myself, end my life, suicid*, want to die, wanna die, self harm, hurt myself, threatened me, attacked me, swallowed, fainted, collapsed, overheat*, swollen battery"  # fmt: skip
REQUESTS = "please call, call me, pls answer, please answer, please reply, please respond, please help, pls help, please advise, please contact, contact me, get back to me, let me know, reply to me, need help, help me, dm me, please send, please fix, please check, please tell, please can, waiting for a reply, waiting for an answer, looking for help, i would like to know, wondering if, tell me"  # fmt: skip
