//! The words of the four topics, as pattern fragments over plain text (lower case, no marks). `strong` ones flag alone,
//! two different `weak` ones flag together, and what `benign` matches is not looked at.

use chimera_domain::Topic;

/// One topic's words.
pub(crate) struct Lexicon {
    pub(crate) topic: Topic,
    pub(crate) strong: &'static str,
    pub(crate) weak: &'static str,
    pub(crate) benign: &'static str,
}

/// Every topic's words, fragments separated by ` | `.
pub(crate) const LEXICONS: [Lexicon; 4] = [
    Lexicon {
        topic: Topic::Politics,
        strong: "elections? | electoral | electorate | re-?elect(?:ed|ion)? | ballots? | mid-?terms? elections? | caucus(?:es)? | referendums? | plebiscite | \
            voters? | vot(?:e|es|ed|ing) (?:blue|red|republican|democrat|labour|conservative|tory|green party|him out|them out|her out|out|leave|remain) | \
            voting rights | voter (?:fraud|suppression|id) | go(?:ing)? to the polls | polling (?:station|place)s? | swing states? | exit polls? | \
            politics | political(?:ly)? | politicians? | geopolitic\\w* | partisan | bipartisan | republicans? | democrats? | gop | maga | tories | tory | \
            labour party | conservative party | green party | democratic party | republican party | liberal democrats? | social democrats? | tea party movement | antifa | \
            presidential | president (?:of|elect|biden|trump|obama|bush|clinton|putin|xi|macron|zelensky\\w*) | vice president of the united states | prime ministers? | chancellor (?:scholz|merz|merkel) | \
            trump | biden | obama | kamala | hillary clinton | bernie sanders | desantis | mitch mcconnell | nancy pelosi | alexandria ocasio-cortez | putin | zelensky\\w* | netanyahu | \
            xi jinping | narendra modi | macron | keir starmer | rishi sunak | boris johnson | nigel farage | marine le pen | erdogan | viktor orban | kim jong ?-?un | \
            parliament(?:ary)? | congress(?:man|woman|men|women|ional) | (?:u\\.?s\\.?|in|the) congress | senators? | senate | house of (?:representatives|commons|lords) | lawmakers? | legislat\\w+ | \
            white house | kremlin | downing street | capitol (?:hill|riots?) | oval office | supreme court | governors? | (?:cabinet|foreign|defen[cs]e|interior|finance) minister | \
            secretary of (?:state|defen[cs]e) | left-?wing | right-?wing | far[- ](?:left|right) | alt-right | socialis[mt]s? | communis[mt]s? | marxis[mt]s? | fascis[mt]s? | nazis? | nationalis[mt]s? | populis[mt]s? | \
            liberals | conservatives | gun (?:control|rights|laws?) | second amendment | abortions? | pro-?life | pro-?choice | roe v\\.? wade | planned parenthood | \
            immigration | (?:illegal|undocumented) (?:immigrants?|aliens?|migrants?) | border (?:wall|security|crisis) | deport(?:ation|ations|ed|ing)? | open borders | asylum seekers? | \
            refugee (?:crisis|policy) | carbon tax | climate (?:policy|bill|accord|denial|denier) | green new deal | death penalty | capital punishment | tax (?:cuts?|the rich|breaks for|hikes?) | \
            welfare state | universal basic income | obamacare | affordable care act | medicare for all | affirmative action | critical race theory | black lives matter | blm | \
            defund the police | police brutality | same-sex marriage | trans rights | gaza | hamas | hezbollah | palestin\\w+ | zionis[mt]s? | west bank | war in ukraine | ukraine war | invasion of ukraine | \
            brexit | impeach\\w* | filibuster | gerrymander\\w* | lobbyists? | lobbying | propaganda | regime change | military coup | coup attempt | dictator(?:s|ship)? | authoritarian\\w* | government shutdown | \
            public policy | foreign policy | trade war | tariffs? | sanctions (?:on|against) | separatis[mt]s? | civil unrest | campaign trail | running for office | run for office | stump speech | deep state | woke (?:agenda|mob|left)",
        weak: "vote | votes | voted | voting | president | government | conservative | liberal | taxes | democracy | democratic | protest | protests | protesters | candidate | candidates | \
            mayor | minister | polls | citizens | federal | reform | reforms | israel | israeli | ukraine | russia | taxpayers? | regime | nation | policies | bill of rights | the left | the right",
        benign: "trump cards? | trumps? (?:everything|all) | president'?s'? day | vot(?:e|es|ed|ing) for (?:my|your|our|his|her|their|the best|me|us|this|which) (?:\\w+ )?(?:outfit|look|dress|fave|favou?rite|photo|pick|design|nails?|hair\\w*|shoes?|band|song|recipe|flavou?r|colou?r|logo|name|entry) | \
            vote (?:in the|below|with your|for your fav\\w*) | world congress | state of the art | fan vote | office politics | nintendo switch politics | political thriller",
    },
    Lexicon {
        topic: Topic::HealthAdvice,
        strong: "(?:cures?|cured|curing) (?:for|your|my|the flu|cancer|diabetes|anxiety|depression|acne|covid|\\w+itis|disease) | miracle cure | dosages? | (?:daily|recommended|high|low|right) dose | doses? of | \\d+ ?(?:mg|mcg|milligrams?) | medications? | \
            antibiotics? | ibuprofen | paracetamol | acetaminophen | tylenol | aspirin | insulin | ozempic | wegovy | semaglutide | metformin | statins? | antidepressants? | ssris? | prozac | zoloft | xanax | valium | adderall | ritalin | opioids? | oxycodone | fentanyl | cbd oil | \
            melatonin | vaccin\\w+ | anti-?vax\\w* | vaxx?ed | ivermectin | hydroxychloroquine | diagnos(?:e|ed|es|ing|is) | symptoms? | treat(?:s|ed|ing|ment|ments)? (?:for|your|of) (?:\\w+ )?(?:anxiety|depression|acne|eczema|pain|cancer|diabetes|migraines?|infections?|insomnia|adhd|illness|disease) | \
            lose (?:\\d+|ten|twenty|five) (?:pounds?|kg|kilos?|lbs?) | los(?:e|ing) weight | weight[- ]loss | slimming (?:tea|pills?) | burns? (?:belly )?fat | fat[- ]burn(?:ing|er|ers) | belly fat | crash diet | keto diet | carnivore diet | intermittent fasting | water fast(?:ing)? | \
            (?:take|taking|dietary|herbal|daily|health) supplements? | boosts? (?:your |the )?immun\\w+ | immune system | immunity boost\\w* | blood (?:pressure|sugar) | cholesterol | diabet(?:es|ic|ics) | cancers? | tumou?rs? | chemo(?:therapy)? | clinical depression | cures? depression | depression | \
            panic attacks? | adhd | autism | autistic | bipolar disorder | schizophreni\\w+ | ptsd | migraines? | eczema | psoriasis | arthritis | asthma | heart (?:disease|attacks?) | alzheimer'?s | dementia | infertility | endometriosis | pcos | ibs | hormone (?:balanc\\w+|imbalance|therapy) | \
            stop taking (?:your |my )?(?:\\w+ )?(?:meds?|pills?|medicine|medication|it) | come off your meds | off (?:my|your) meds | side effects? | prescri(?:be|bed|ption|ptions) | overdos\\w+ | self-?diagnos\\w+ | heal(?:s|ed|ing)? (?:your|my|the) (?:gut|liver|body|skin|thyroid|hormones?|trauma) | gut health | leaky gut | \
            (?:herbal|home|natural|folk) remed(?:y|ies) | homeopath\\w+ | naturopath\\w* | essential oils? (?:cure|heal|treat)\\w* | medical (?:advice|conditions?|treatment) | (?:your|a|my) (?:doctor|gp|physician|therapist|psychiatrist) (?:won'?t|will|would|says?|said|recommends?|told) | ask your doctor | see (?:a|your) doctor | \
            (?:big|bad) pharma | flush(?:es)? (?:out )?toxins? | toxins | detox (?:your|diet|cleanse|tea|plan) | juice cleanse | calorie deficit | eating disorders? | anorexi[ac] | bulimi[ac] | covid(?:-19)? | flu shots? | booster shots? | raw milk (?:cures?|heals?) | suicid\\w+ | self-?harm",
        weak: "medicine | therapy | anxiety | insomnia | detox | cleanse | vitamins? | supplements? | pregnan(?:t|cy) | inflammation | disease | diseases | illness | doctor | doctors | clinical | patients? | healing | cure | cures | remedy | pills? | hormones? | fasting | infection | nutrients? | probiotics? | stroke | meds | metabolism",
        benign: "cancer (?:season|sign|moon|sun|rising|zodiac) | retail therapy | cured (?:ham|meat|meats|salmon|bacon|fish) | digital detox | dress doctor | doctor who | spin doctor | a dose of (?:fun|sunshine|inspiration|nostalgia|cute\\w*|style|colou?r) | daily dose of | good for the soul | chill pill | in stitches",
    },
    Lexicon {
        topic: Topic::FinancialAdvice,
        strong: "(?:financial|investment|investing|money|tax|trading|stock) advice | nfa | financial (?:freedom|advis[oe]rs?|planning|independence) | invest(?:ing|ed)? (?:in|into) (?:stocks?|shares|crypto\\w*|bitcoin|gold|silver|real estate|property|bonds|etfs?|funds?|startups?|\\$\\w+|tech stocks) | invest(?:ing|ed)? (?:now|today|your (?:money|savings)|early|long[- ]term|\\$?\\d[\\d,]*) | investing | \
            buy(?:ing)? the dip | to the moon | hodl | hold the line | diamond hands | bitcoins? | btc | ethereum | dogecoin | solana | crypto(?:s|currency|currencies)? | altcoins? | memecoins? | shitcoins? | stablecoins? | token sale | initial coin offering | web3 tokens? | \
            stock (?:tips?|picks?|market|price|prices|trading|exchange) | hot stocks? | penny stocks? | meme stocks? | stocks | growth stock | (?:buy|sell|short|hold|dump|own)(?:ing)? (?:\\w+ ){0,2}(?:stock|shares|bonds|calls|puts|coins?|tokens?|etfs?|index funds?) | shares of | share price | price target | \
            dividends? | etfs? | index funds? | mutual funds? | hedge funds? | money market fund | 401 ?\\(?k | roth ira | retirement (?:savings?|funds?|accounts?|plan|planning) | pension (?:fund|pot|plan)s? | mortgages? | refinanc\\w+ | remortgag\\w+ | interest rates? | credit scores? | credit card debt | debt (?:consolidation|free) | \
            payday loans? | (?:take|taking|took) out a loan | (?:personal|student|home|car) loans? | borrow(?:ing)? (?:money|against) | guaranteed (?:returns?|profits?|income) | risk[- ]free (?:returns?|profits?|investment) | passive income | side hustle income | get[- ]rich | get rich | make money (?:fast|online|while you sleep) | double your (?:money|savings|investment) | \
            (?:returns?|yields?|gains?|profits?) of \\d+ | \\d+ ?(?:%|percent) (?:returns?|yields?|gains?|apy|apr|profit) | 10x your | forex | day[- ]trad(?:ing|ers?|e) | options? trading | swing trading | copy trading | trading (?:signals?|bot|strategy|platform) | leveraged? (?:trade|trading|position|etf) | margin (?:call|trading) | \
            bull (?:run|market) | bear market | bullish | bearish | undervalued | overvalued | short (?:squeeze|selling|the market) | ipos? | tax (?:deductible|deductions?|loopholes?|haven|shelter|write-?offs?|avoidance) | wealth (?:management|building) | build wealth | generational wealth | \
            yield farming | staking rewards? | defi | treasury (?:bonds?|bills?) | government bonds | s&p ?500 | nasdaq | dow jones | (?:buy|stack|hold)(?:ing)? (?:physical )?(?:gold|silver)(?: coins| bars)? | gold prices? | \\$[a-z]{3,5}(?: (?:calls|puts|stock|shares|to the moon))",
        weak: "invest | invests | investment | investments | investors? | stock | trading | traders? | portfolio | loans? | returns | profits? | savings | debt | wealth | broker | brokers | yields? | bonds | assets? | equity | inflation | recession | valuation | nfts? | budgeting | savings account | compound interest",
        benign: "stock(?:ed|ing)? up | (?:in|out of|back in|limited) stock | restock\\w* | stock photos? | stock image | stockings? | invest(?:ing|ed)? in (?:yourself|a good|good|quality|your (?:skin|self|health|style|wardrobe)|basics|pieces) | laughing stock | chicken stock | vegetable stock | fish stock | free returns? | easy returns? | trading cards? | design portfolio | portfolio site | james bond | bonding",
    },
    Lexicon {
        topic: Topic::LegalClaims,
        strong: "lawsuits? | class[- ]actions? | su(?:e|es|ed|ing) (?:them|him|her|you|us|me|your|the|for|over|a|my|their|his|\\w+ for) | suing | lawyers? | attorneys? | solicitors? | barristers? | law firm | litigat\\w+ | legal (?:advice|action|rights?|claims?|fees?|team|counsel|battle|loophole|proceedings|obligation|liability) | legally (?:entitled|required|binding|obliged|obligated|bound|responsible|protected) | \
            (?:know|have|enforce|your|you have) (?:your |the )?(?:consumer|tenant|legal|employment|statutory|miranda|constitutional) rights? | know your rights | your rights as | (?:the )?law (?:says|requires|protects|entitles|forbids) | by law | against the law | br(?:eak|eaks|eaking|oke) the law | in breach of | breach of contract | \
            guarantee(?:s|d)? (?:results?|to (?:work|cure|last|make|fix|win)|success|or your money back|you) | (?:results?|success|satisfaction) (?:is |are )?guaranteed | money[- ]back guarantee | 100% (?:guaranteed|safe|effective|legal) | (?:clinically|scientifically|medically) (?:proven|tested|backed) | doctor[- ](?:recommended|approved) | \
            fda[- ](?:approved|cleared) | (?:is|are|been) proven to | proven results | copyright (?:infring\\w+|claims?|violation) | (?:patent|trademark) (?:infring\\w+|claims?|dispute) | dmca | defam\\w+ | libel(?:ous|led)? | slander(?:ous|ed)? | illegal(?:ly)? | unlawful(?:ly)? | \
            fraud(?:s|ster|sters|ulent|ulently)? | scam(?:s|med|mer|mers|ming)? | ponzi | pyramid scheme | embezzl\\w+ | money laundering | launder(?:s|ed|ing)? money | brib(?:e|es|ed|ery|ing) | convict(?:ed|ion|ions) | indict(?:ed|ment|ments) | \
            (?:found|pleaded?|pled|is|was|are|were|proven) guilty | guilty of | prosecut\\w+ | felon(?:y|ies|s)? | misdemeanou?rs? | perjury | arrested | (?:been )?accus(?:ed|es|ing) (?:of|him|her|them) | accusations? | alleg(?:ed|edly|ation|ations|es) | war crimes? | hate crimes? | crimes | (?:a|the) crime | criminals? | \
            (?:stole|stolen|stealing|steals) (?:from|money|my|our|their|the design|his|her|data) | plagiari[sz]\\w+ | tax evasion | insider trading | price fixing | antitrust | liable | legal liability | negligen(?:ce|t) | malpractice | (?:child )?custody (?:battle|hearing|case) | divorce (?:settlement|lawyer|court) | evict(?:ed|ion|ions|ing)? | squatters'? rights | \
            sexual (?:harassment|assault|misconduct) | harass(?:ment|ed|ing) (?:at work|claims?|case) | discriminat(?:ion|ed|es|ing) | wrongful (?:termination|dismissal) | compensation claims? | entitled to (?:compensation|a refund|damages) | (?:sue|pay|paid|claim) (?:for )?damages | testif(?:y|ied|ies) | subpoena\\w* | verdicts? | injunctions? | plaintiffs? | defendants? | \
            (?:in|to|federal|high|criminal|civil|district|small claims|appeals?) court | court (?:case|order|ruling|ruled|hearing|battle|documents|date) | (?:jail|prison) (?:time|sentence) | (?:go|sent|sentenced|behind) (?:to )?(?:jail|prison|bars) | restraining order | cease and desist | terms were violated",
        weak: "court | judge | judges | law | laws | legal | jail | prison | contract | contracts | warranty | refund | patent | copyright | trademark | regulators? | regulation | violation | violations | guilty | crime | theft | stolen | victim | evidence | penalty | fined | compliance | liability | investigation | police",
        benign: "guilty pleasures? | guilty of loving | court shoes? | (?:tennis|basketball|food|squash|badminton|padel|volleyball) courts? | court side | courtside | fashion (?:crime|police|court)s? | true crime | crime (?:podcast|novel|drama|fiction|thriller)s? | crime against fashion | don'?t judge | judge (?:me|a book) | in-?laws? | (?:mother|father|sister|brother)s?-in-law | \
            criminally (?:good|underrated|cute|comfy) | steal of a deal | murphy'?s law | moore'?s law | stole the show | stole my heart | partners? in crime | it should be illegal | should be (?:illegal|a crime) | smooth criminal | by lawn",
    },
];
