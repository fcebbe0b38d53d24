//! The stories that the sandbox's news are made of. Invented, and about nothing that a screen would stop.

/// A story: how it breaks, and what is written about it in the hours after.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) topic: &'static str,
    pub(super) region: &'static str,
    /// Title and summary of each article, in order of time. `{place}` stands for where it happens this time.
    pub(super) articles: &'static [(&'static str, &'static str)],
}

/// Where stories happen.
pub(super) const PLACES: [&str; 8] =
    ["Harlow Bay", "Ostrava", "Port Linden", "Kisumu", "Valdoro", "Nagano", "Tromso", "Millbrook"];

/// Who writes about them.
pub(super) const SOURCES: [&str; 6] = [
    "The Small Gazette",
    "Harbour Wire",
    "Field Notes Daily",
    "The Morning Ledger",
    "Northlight",
    "Quay Street Review",
];

/// All of them, the plain ones first.
pub(super) const STORIES: [Story; 13] = [
    Story {
        topic: "science",
        region: "world",
        articles: &[
            (
                "Glass sponge reef found off {place}",
                "Divers mapping the shelf off {place} met a reef of glass sponges that no chart shows. It is eleven kilometres long.",
            ),
            (
                "Glass sponge reef off {place} is older than thought",
                "The first samples from the glass sponge reef off {place} are about nine thousand years old, the survey team says.",
            ),
            (
                "What the glass sponge reef off {place} filters",
                "A square metre of the glass sponge reef cleans a bathtub of sea water in a few minutes, measurements off {place} show.",
            ),
        ],
    },
    Story {
        topic: "technology",
        region: "europe",
        articles: &[
            (
                "{place} opens its bus timetable data",
                "The town of {place} publishes every bus's position each second, free to use. The first three apps came the same day.",
            ),
            (
                "Riders in {place} build apps on bus timetable data",
                "Eleven small apps use the open bus timetable data of {place}; one of them tells the driver who runs for the door.",
            ),
        ],
    },
    Story {
        topic: "culture",
        region: "europe",
        articles: &[
            (
                "Night library in {place} lends until dawn",
                "The library of {place} keeps its doors open all night in winter. Most of its night readers are bakers and nurses.",
            ),
            (
                "Other towns copy the night library of {place}",
                "Four towns say they will open a night library as {place} has done; the lamps are the only cost, it says.",
            ),
            (
                "Night library in {place} runs out of lamps",
                "The night library of {place} asks for reading lamps: its two hundred were all in use by midnight.",
            ),
            (
                "The night library of {place}, one week on",
                "Three thousand books went out of the night library of {place} between midnight and dawn in its first week.",
            ),
        ],
    },
    Story {
        topic: "food",
        region: "africa",
        articles: &[
            (
                "Millet bread wins the baking prize of {place}",
                "A baker of {place} won the town's baking prize with a bread of pearl millet and sour milk, baked in a clay jar.",
            ),
            (
                "Everybody in {place} bakes millet bread",
                "Since millet bread won the baking prize, the mills of {place} grind twice as much pearl millet as last year.",
            ),
        ],
    },
    Story {
        topic: "design",
        region: "asia",
        articles: &[
            (
                "Repair cafe in {place} mends its thousandth lamp",
                "The repair cafe of {place} has mended a thousand lamps with parts printed from drawings that anybody may use.",
            ),
            (
                "Drawings of the repair cafe in {place} are shared",
                "The repair cafe of {place} shares four hundred drawings of small parts; a hinge is the one that is printed most.",
            ),
            (
                "Repair cafe drawings travel from {place}",
                "Nine other repair cafes print hinges and knobs from the drawings that {place} shared.",
            ),
        ],
    },
    Story {
        topic: "science",
        region: "asia",
        articles: &[
            (
                "School telescope in {place} sees a new comet",
                "Pupils of {place} saw a comet that nobody had listed, with a telescope they had built from a water pipe.",
            ),
            (
                "Comet of the school telescope in {place} is confirmed",
                "Two observatories confirm the comet that the school telescope of {place} saw; it comes back in 412 years.",
            ),
            (
                "How pupils in {place} built the comet telescope",
                "The school telescope of {place} that found the comet cost less than a bicycle. Its mirror took a winter to grind.",
            ),
        ],
    },
    Story {
        topic: "travel",
        region: "europe",
        articles: &[(
            "Slow ferry to {place} carries bicycles alone",
            "A new ferry to {place} takes no cars. It is slower than the old one and full until the end of the month.",
        )],
    },
    Story {
        topic: "music",
        region: "americas",
        articles: &[
            (
                "Street organ of {place} plays again after 60 years",
                "The street organ of {place} plays again: its 88 pipes were found in a barn, labelled in pencil.",
            ),
            (
                "Street organ of {place} needs somebody to turn it",
                "Six people a day turn the handle of the street organ of {place}; there is a list, and it is full.",
            ),
        ],
    },
    Story {
        topic: "technology",
        region: "americas",
        articles: &[
            (
                "Open weather stations of {place} share one map",
                "Eighty home-made weather stations around {place} send to one map. It knows about rain twenty minutes before the radio.",
            ),
            (
                "Weather station kits from {place} are sold out",
                "The open weather station kits of {place} are sold out; the drawings are free, and a lunch box does for a case.",
            ),
        ],
    },
    Story {
        topic: "garden",
        region: "world",
        articles: &[
            (
                "Moss garden on a bus shelter in {place}",
                "The bus shelters of {place} have moss gardens on their roofs. They are four degrees cooler in the sun.",
            ),
            (
                "Bees move onto the moss bus shelters of {place}",
                "Seven kinds of bees live on the moss gardens of the bus shelters in {place}, counts by the school show.",
            ),
        ],
    },
    Story {
        topic: "culture",
        region: "asia",
        articles: &[(
            "Paper lantern boats light the harbour of {place}",
            "Two thousand paper lantern boats were on the water of {place} for an hour. Each carries a wish and is fished out again.",
        )],
    },
    Story {
        topic: "food",
        region: "europe",
        articles: &[
            (
                "Forgotten apple found in a garden of {place}",
                "An apple that was last listed in 1911 grows behind the post office of {place}. It tastes of pear.",
            ),
            (
                "Forgotten apple of {place} gets its name back",
                "The forgotten apple of {place} is the Amber Pippin, a comparison with a painted book of fruit shows.",
            ),
            (
                "Grafts of the forgotten apple leave {place}",
                "Forty gardens get grafts of the forgotten apple from {place} in spring; the waiting list is longer.",
            ),
        ],
    },
    Story {
        topic: "makers",
        region: "europe",
        articles: &[
            (
                "{place} opens a library of small tools",
                "The town of {place} lends out small tools for nine days at a time, free of charge. Forty volunteers repaired three hundred of them over the winter.",
            ),
            (
                "The small tools library of {place} is short of drills",
                "On its first Saturday the library of small tools in {place} lent out every drill it has. The oldest tool on its shelves is a brace from 1911.",
            ),
        ],
    },
];
