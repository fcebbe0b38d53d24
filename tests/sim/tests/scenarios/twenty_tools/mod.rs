//! A feed with enough to say for twenty posts that do not resemble each other.

use chimera_testkit::{Article, Feed};

/// Twenty harmless articles.
pub(crate) fn twenty_tools() -> Feed {
    twenty_tools_that_also_say("")
}

/// The same, each of which ends with this.
pub(crate) fn twenty_tools_that_also_say(end: &str) -> Feed {
    let say = |text: &str| format!("{text} {end}").trim().to_owned();
    let articles = TOOLS.iter().map(|(slug, title, text)| Article::new(slug, title, &say(text))).collect();
    Feed::with_articles("Twenty Small Tools", articles)
}

const TOOLS: [(&str, &str, &str); 20] = [
    (
        "anvil",
        "Anvil shapes config files",
        "Anvil rewrites old INI sections as TOML tables without losing comments. Blank lines stay where their author put them. The parser handles files of 40 megabytes.",
    ),
    (
        "beacon",
        "Beacon finds slow printers",
        "Beacon pings every printer in an office and lists the drowsy ones. Warm-up seconds are drawn as a bar beside each name. Offices with 300 devices finish a sweep before lunch.",
    ),
    (
        "cobble",
        "Cobble paves spreadsheets with dates",
        "Cobble guesses which columns hold calendar dates and aligns them. Ambiguous days are highlighted in amber instead of being swapped silently. It knows 17 regional formats.",
    ),
    (
        "dory",
        "Dory remembers window positions",
        "Dory restores browser windows after a monitor is unplugged. Each desk layout becomes a named scene. Switching between scenes takes under 90 milliseconds on older notebooks.",
    ),
    (
        "ember",
        "Ember dims screens at dusk",
        "Ember follows the local sunset and lowers brightness gently. Astronomers asked for a deep red mode, which arrived in March. Battery drain fell by 12 percent during field trials.",
    ),
    (
        "fjord",
        "Fjord records tide tables",
        "Fjord downloads harbour gauges and prints a tide booklet. Sailors may fold the sheet into a waterproof pocket. Gauges from 64 Nordic ports are included.",
    ),
    (
        "gimlet",
        "Gimlet drills into archives",
        "Gimlet peeks inside nested zip archives without unpacking anything. A tree view reveals duplicates hidden five levels down. Corrupt members get skipped with a polite warning.",
    ),
    (
        "hammock",
        "Hammock pauses noisy notifications",
        "Hammock bundles chat pings until the next coffee break. Urgent senders can be whitelisted by nickname. Early testers counted 48 fewer interruptions each afternoon.",
    ),
    (
        "inkwell",
        "Inkwell renders handwriting as vectors",
        "Inkwell traces pen strokes from a tablet and stores smooth curves. Lecture sketches shrink to a tenth of their bitmap weight. Left-handed artists receive mirrored toolbars.",
    ),
    (
        "juniper",
        "Juniper labels plant photos",
        "Juniper sorts garden snapshots by leaf outline. Its catalogue covers 2,300 shrubs and runs without any network. Volunteers from botanical parks contributed the reference drawings.",
    ),
    (
        "kestrel",
        "Kestrel watches build times",
        "Kestrel hovers over continuous integration and flags jobs that crept upward. A weekly chart compares branches at a glance. One studio trimmed its pipeline from 31 minutes to nine.",
    ),
    (
        "lichen",
        "Lichen grows documentation from examples",
        "Lichen collects snippets out of test suites and weaves them into manuals. Stale fragments turn grey until somebody refreshes them. Markdown and AsciiDoc outputs are equally supported.",
    ),
    (
        "marble",
        "Marble rolls dice for tabletop evenings",
        "Marble simulates polyhedral dice with visible physics. Shared tables let remote friends shake the same cup. Fairness was measured across 5 million throws by a statistics class.",
    ),
    (
        "nettle",
        "Nettle stings unused dependencies",
        "Nettle scans package manifests for libraries nobody imports. Transitive leftovers are traced back to whoever required them. Large monorepos slimmed down by 22 crates on average.",
    ),
    (
        "otter",
        "Otter streams radio to old phones",
        "Otter converts internet radio into codecs that vintage handsets understand. Buffering adapts when trains enter tunnels. A kitchen timer switches playback off automatically.",
    ),
    (
        "parsnip",
        "Parsnip plans weekly menus",
        "Parsnip arranges recipes around whatever remains in the fridge. Shopping lists are grouped by supermarket aisle. Families reported throwing away 3 kilograms less food per month.",
    ),
    (
        "quarry",
        "Quarry cuts video into stills",
        "Quarry extracts the sharpest frame from every scene. Motion blur is scored with a classical filter rather than a neural network. An hour of footage takes about 70 seconds.",
    ),
    (
        "rivet",
        "Rivet fastens scripts to folders",
        "Rivet triggers shell scripts whenever a watched directory changes. Bursts of events collapse into one quiet invocation. Configuration lives in a single readable file.",
    ),
    (
        "sextant",
        "Sextant measures maps by eye",
        "Sextant estimates walking distance from scanned paper charts. Hikers calibrate it with two church towers and a ruler. Errors stayed below 4 percent along mountain paths.",
    ),
    (
        "tinder-box",
        "Tinderbox keeps snippets offline",
        "Tinderbox stores code fragments beside fuzzy tags. Searching ignores accents, plurals and letter case. The whole vault travels on a USB stick of 8 gigabytes.",
    ),
];
