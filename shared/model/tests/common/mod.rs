//! Invented articles, and a reader's checks that know nothing of how posts are made.

use std::collections::BTreeSet;

pub(crate) struct Article {
    pub(crate) title: &'static str,
    pub(crate) url: &'static str,
    pub(crate) body: &'static str,
}

macro_rules! articles {
    ($($slug:literal, $title:literal, $body:literal;)*) => {
        pub(crate) const ARTICLES: &[Article] = &[
            $(Article { title: $title, url: concat!("https://gazette.example/", $slug), body: $body },)*
        ];
    };
}

articles! {
    "pail", "Pail", "Pail is a log sorter for the terminal that reads nine formats, among them syslog and CEF. It sorts 4 GB a minute on a laptop from 2019. There is no configuration file, because every option has a default that the authors use themselves.";
    "kettle", "Kettle 2: faster and quieter", "The second Kettle boils 1.7 litres in 140 seconds on a 13 amp socket. Its element was moved below the plate, which makes cleaning easier. The maker promises spare parts until 2041.";
    "crane", "Does the harbour of Lund really need a second crane?", "After nine years of debate the council voted 14 to 11 for a second crane. It lifts 80 tonnes and runs on shore power, so that ships can switch off their engines. Opponents had asked for a footbridge instead.";
    "tide", "A pump driven by the tide", "Ines Marten built the pump from 14 salvaged parts over two winters. It lifts 900 litres an hour and needs no fuel. When the river froze in January, the pump went on working under the ice.";
    "bees", "City bees", "The roof of the old mint is home to 40 hives. Volunteers check them every Thursday, weigh each frame and publish the figures the same evening. Last year the bees made 612 kilograms of honey, most of it from lime trees.";
    "tub", "Tub", "Tub keeps notes in plain files. Each note is one file of at most 64 kilobytes, so that any editor can open it. Search runs locally and never sends a word to a server.";
    "lamp", "[Help] My desk lamp hums, what can I do about it?", "I bought the lamp second hand for 8 euros. It hums at 50 hertz whenever the dimmer is below a third. A friend told me that a bigger capacitor would help, but I have never soldered before.";
    "chess", "Juniors win the town chess cup", "Mira Castell, aged eleven, beat the title holder in 23 moves. Her team trains in the library on Mondays, where the heating is free. The final was watched by 300 people on the market square.";
    "rail", "Night train to Porvik returns in spring", "The sleeper leaves at 21:40 and arrives before breakfast. Tickets start at 29 crowns if they are bought two months ahead. Bicycles travel free in the last coach, which was rebuilt with hooks for 24 of them.";
    "font", "Harbourside, a typeface for signs", "Every letter was drawn to be read from a moving tram. The designers tested it with 60 passengers over 50, and widened the a and the e after the first week. It is free for public bodies.";
    "seed", "Seed library", "Readers may borrow seeds of 120 old vegetables and return some after harvest. The blue bean from Ostby had been thought lost since 1957. A gardener found eleven of them in a coat pocket.";
    "dam", "Small dam removed", "Salmon were seen above the old dam four days after the last stone was taken away. The removal cost 210 000 crowns, a third of what a repair would have cost. Divers will count the fish again in autumn.";
    "clock", "The clock that strikes thirteen", "A worn tooth makes the town hall clock strike thirteen on damp days. The clockmaker offered to repair it for nothing. Residents voted to keep the fault, because children like it.";
    "radio", "Kitchen radio from a kit", "The kit has 31 parts and needs no soldering. Its case is folded from one sheet of birch plywood. It receives stations from 600 kilometres away after dark if the aerial hangs out of a window.";
    "map", "Mapping every bench", "Twelve pupils mapped 1 340 public benches in one school year. They noted the shade, the backrest and the view of each. The map shows that the north of the town has only 90 benches for 8 000 people.";
    "bread", "Why sourdough rises slower in winter", "Wild yeast doubles about every four hours at 20 degrees, but needs nine hours at 12. Bakers in Ostby therefore put the dough beside the oven of the day before. The crust gets darker without any sugar.";
    "ferry", "Electric ferry, first month", "The ferry made 812 crossings and missed two. Its battery is charged for six minutes at every stop by an arm that finds the socket by camera. Passengers mostly mention the silence.";
    "glove", "Warm gloves for pianists", "The gloves leave the fingertips free and weigh 19 grams. A heated thread runs along the back of each hand, driven by a cell that lasts three hours. The inventor plays the organ in an unheated church.";
    "whale", "Whale songs recorded under the pier", "A microphone left by students picked up songs of at least two humpback whales. Nobody had known that they come so close to the town. The recordings will be played in the aquarium from March.";
    "ink", "Ink from oak galls", "Monks used the recipe for eight centuries. Galls are crushed, soaked in rain water for a week and mixed with iron salt. The ink is pale at first, and turns black as it meets the air.";
    "kite", "Kite", "Kite is a tiny web server in 900 lines of C. It serves static files only and refuses everything else. According to its author it has run for 411 days on a board that costs less than a pizza.";
    "stair", "Stairs that count their steps", "Pressure plates under the stairs of the station light up a number for every step. In the first week the share of people who took the stairs rose from 12 to 31 percent. The lift was faster all the time.";
    "moss", "Moss instead of air conditioning", "A wall of moss cools the reading room by 3 degrees in July. It drinks rain water from the roof through a clay pipe. The librarians mist it by hand when no rain falls for ten days.";
    "coin", "A coin older than the town", "Workers found the coin while they dug a trench for broadband. It was struck around 1140, sixty years before the town is first mentioned. The finder gets half of its value, about 900 crowns.";
    "pump", "潮力ポンプが完成", "新しいポンプは毎時九百リットルを汲み上げ、燃料を必要としない。川が凍った一月にも、氷の下で動き続けた。";
}

/// Every fault a reader could find with one post about the article.
pub(crate) fn faults(post: &str, article: &Article) -> Vec<String> {
    let mut faults = Vec::new();
    if !post.ends_with(article.url) {
        faults.push("does not end with its link".to_owned());
    }
    if weight(post, article.url) > 280 {
        faults.push(format!("is {} long", weight(post, article.url)));
    }
    let own = outside_quotes(&post.replace(article.url, ""));
    for sentence in article.body.split_inclusive(['.', '?', '!', '。']) {
        if has_run(&tokens(&own), &tokens(sentence)) {
            faults.push(format!("says {sentence:?} without quotation marks"));
        }
    }
    if !inside_quotes(post).iter().any(|quote| is_news(quote, article)) {
        faults.push("says nothing that the title does not".to_owned());
    }
    if post.contains("  ") || post.contains(" .") || post.contains("..") || post.contains("“”") {
        faults.push("is badly set".to_owned());
    }
    faults
}

/// Whether the words stand in the body and bring at least two words that the title lacks.
fn is_news(quote: &str, article: &Article) -> bool {
    let stated = quote.trim_end_matches('…');
    let body: String = article.body.chars().filter(|c| !"“”\"".contains(*c)).collect();
    let title = tokens(article.title);
    let new = tokens(stated).into_iter().filter(|token| !title.contains(token)).count();
    body.contains(stated) && (new >= 2 || !stated.is_ascii())
}

/// Runs of five words that stand in both posts outside quotation marks, links and the articles' titles.
pub(crate) fn shared_runs(one: (&str, &Article), other: (&str, &Article)) -> Vec<String> {
    own_runs(one).intersection(&own_runs(other)).cloned().collect()
}

/// The post's runs of five words outside quotation marks and links.
pub(crate) fn own_runs((post, article): (&str, &Article)) -> BTreeSet<String> {
    let own = outside_quotes(&post.replace(article.url, ""));
    tokens(&own).windows(5).map(|run| run.join(" ")).collect()
}

/// Runs of three words of all that the post says, by which a near-duplicate is known.
pub(crate) fn shingles((post, article): (&str, &Article)) -> BTreeSet<String> {
    tokens(&post.replace(article.url, "")).windows(3).map(|run| run.join(" ")).collect()
}

pub(crate) fn opening(post: &str) -> Vec<String> {
    tokens(post).into_iter().take(3).collect()
}

pub(crate) fn tokens(text: &str) -> Vec<String> {
    let split = text.split(|c: char| !c.is_alphanumeric());
    split.filter(|token| !token.is_empty()).map(str::to_lowercase).collect()
}

fn has_run(text: &[String], run: &[String]) -> bool {
    !run.is_empty() && text.windows(run.len()).any(|window| window == run)
}

pub(crate) fn outside_quotes(text: &str) -> String {
    text.split('“').map(|part| part.rsplit('”').next().unwrap_or_default()).collect::<Vec<_>>().join(" ")
}

fn inside_quotes(text: &str) -> Vec<&str> {
    text.split('“').skip(1).filter_map(|part| part.split('”').next()).collect()
}

fn weight(post: &str, url: &str) -> usize {
    let light = |c: char| {
        (c as u32) < 0x1100
            || ('\u{2000}'..='\u{200d}').contains(&c)
            || ('\u{2010}'..='\u{201f}').contains(&c)
    };
    23 + post.replace(url, "").chars().map(|c| if light(c) { 1 } else { 2 }).sum::<usize>()
}
