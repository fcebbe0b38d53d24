//! What a playbook makes of what is typed, and every playbook that is shipped.

use chimera_domain::PlanMode;

use super::*;

const PLAYBOOK: &str = r#"
name: hello
about: Says hello.
parameters:
  who: { about: Whom }
  posts: { about: How many, like: count, default: 2 }
  budget: { about: How much, like: amount, default: "10.00" }
  feed: { about: What to read, like: list }
  sponsor: { about: Who pays, optional: true }
brief:
  goal: "Greet {who} {{politely}}, {posts} times."
  feeds: "{feed}"
  posts: "{posts}"
  sponsor: "{sponsor}"
  budget: { minor: "{budget}", currency: USD }
"#;

fn typed(words: &[(&str, &str)]) -> Vec<(String, String)> {
    words.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn rendered(words: &[(&str, &str)]) -> Result<Value, String> {
    parse(PLAYBOOK).unwrap().render(&typed(words))
}

const FEED: (&str, &str) = ("feed", "https://a.example/f");

#[test]
fn values_take_the_place_of_names_and_keep_their_kind() {
    let brief =
        rendered(&[("who", "you"), FEED, ("feed", "https://b.example/f"), ("budget", "2.50")]).unwrap();
    let expected = json!({
        "goal": "Greet you {politely}, 2 times.", "feeds": ["https://a.example/f", "https://b.example/f"],
        "posts": 2, "budget": {"minor": 250, "currency": "USD"},
    });
    assert_eq!(brief, expected, "what is optional is left out");
    assert_eq!(check(&brief), Ok(()));
}

/// [PL-10]
#[test]
fn what_is_typed_changes_no_structure_and_names_no_parameter() {
    for text in [
        "{budget}",
        "{who}",
        "{{",
        "}",
        "\", \"budget\": {\"minor\": 1",
        "x\nposts: 99",
        "&a *a",
        "!tag",
        "null",
    ] {
        let brief = rendered(&[("who", text), FEED, ("sponsor", text)]).unwrap();
        assert_eq!(brief["goal"], format!("Greet {text} {{politely}}, 2 times."));
        assert_eq!((&brief["sponsor"], &brief["posts"]), (&json!(text), &json!(2)));
        assert_eq!(brief.as_object().unwrap().len(), 5, "{brief}");
    }
    let named =
        PLAYBOOK.replace("  sponsor: \"{sponsor}\"", "  sponsor: \"{sponsor}\"\n  \"{who}\": \"{who}\"");
    let brief = parse(&named).unwrap().render(&typed(&[("who", "posts"), FEED])).unwrap();
    assert_eq!((&brief["{who}"], &brief["posts"]), (&json!("posts"), &json!(2)), "a field keeps its name");
}

/// [PL-11]
#[test]
fn what_does_not_fit_the_parameters_is_refused_by_name() {
    for (words, why) in [
        (&[FEED][..], "parameter who is missing (Whom): say --set who="),
        (&[("who", "you")], "parameter feed is missing"),
        (&[("who", "you"), FEED, ("whom", "me")], "hello has no parameter \"whom\", but budget, feed, posts"),
        (&[("who", "you"), ("who", "me"), FEED], "parameter who: it is a text, and was given 2 times"),
        (&[("who", " "), FEED], "parameter who: \" \" says nothing"),
        (&[("who", "you"), FEED, ("posts", "-1")], "parameter posts: \"-1\" is no count such as 6"),
        (&[("who", "you"), FEED, ("posts", "2.0")], "is no count"),
        (&[("who", "you"), FEED, ("budget", "2.5")], "is no amount such as 25 or 25.50"),
    ] {
        let said = rendered(words).unwrap_err();
        assert!(said.contains(why), "{why}: {said}");
    }
}

/// [PL-11]
#[test]
fn a_brief_that_comes_out_unsound_is_refused() {
    for (words, why) in [
        (&[("who", "you"), ("feed", "file:///f")][..], "feed \"file:///f\""),
        (&[("who", "you"), FEED, ("posts", "400")], "posts must be"),
        (&[("who", "you"), FEED, ("budget", "0")], "budget must be more than zero"),
    ] {
        let said = check(&rendered(words).unwrap()).unwrap_err();
        assert!(said.contains(why), "{why}: {said}");
    }
}

#[test]
fn a_playbook_that_could_never_be_filled_is_refused() {
    for (from, to, why) in [
        ("{who}", "{whom}", "the brief uses {whom}, which is no parameter"),
        ("Greet {who}", "Greet", "parameter who is used nowhere"),
        ("Greet {who}", "Greet {who} of {feed}", "{feed} must stand alone"),
        ("Greet {who}", "Greet {who} for {sponsor}", "{sponsor} must stand alone"),
        ("{{politely}}", "{politely", "has a single brace"),
        ("default: 2 ", "default: two ", "parameter posts: \"two\" is no count"),
        ("default: 2 ", "default: 2, optional: true ", "parameter posts has a default"),
        ("like: count", "like: number", "parameters.posts.like"),
        ("about: Whom", "abuot: Whom", "parameters.who"),
        ("name: hello", "name: hello\nname: hello", "name"),
    ] {
        assert!(PLAYBOOK.contains(from), "{from}");
        let said = parse(&PLAYBOOK.replacen(from, to, 1)).unwrap_err();
        assert!(said.contains(why), "{why}: {said}");
    }
}

#[test]
fn a_time_is_read_as_people_say_it() {
    let read = |text: &str| Like::Time.read(&[text.to_owned()]);
    assert_eq!(read("8h"), Ok(Given::Number(8 * 3_600)));
    assert_eq!(read("90m"), Ok(Given::Number(5_400)));
    for bad in ["soon", "0s", "-1h", "8"] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

/// Values that fit a shipped playbook, for each of its parameters that must be given.
fn sensible(playbook: &Playbook) -> Vec<(String, String)> {
    let needed = playbook.parameters.iter().filter(|(_, of)| of.default.is_none() && !of.optional);
    let value = |like: Like| match like {
        Like::Text => "Pail",
        Like::Count => "3",
        Like::Amount => "12.50",
        Like::Time => "2h",
        Like::List => "https://a.example/feed.xml",
    };
    needed.map(|(name, of)| (name.clone(), value(of.like).to_owned())).collect()
}

fn shipped() -> Vec<Playbook> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../playbooks");
    files(&folder).unwrap().iter().map(|file| load(file).unwrap()).collect()
}

/// [PL-11]
#[test]
fn every_shipped_playbook_makes_a_sound_brief() {
    let all = shipped();
    let names: Vec<&str> = all.iter().map(|playbook| playbook.name.as_str()).collect();
    assert_eq!(names, ["ama", "evergreen", "launch", "newsroom"]);
    for playbook in &all {
        let mut words = sensible(playbook);
        let brief = playbook.render(&words).unwrap();
        assert_eq!(check(&brief), Ok(()), "{}: {brief}", playbook.name);
        // With what is optional, too.
        let optional = playbook.parameters.iter().filter(|(_, of)| of.optional);
        words.extend(optional.map(|(name, _)| (name.clone(), "technology".to_owned())));
        let brief = playbook.render(&words).unwrap();
        assert_eq!(check(&brief), Ok(()), "{}: {brief}", playbook.name);
    }
}

#[test]
fn shipped_playbooks_do_what_they_say() {
    let brief = |name: &str| {
        let playbook = shipped().into_iter().find(|playbook| playbook.name == name).unwrap();
        let brief = playbook.render(&sensible(&playbook)).unwrap();
        serde_json::from_value::<Brief>(brief).unwrap()
    };
    assert_eq!(brief("launch").plan, PlanMode::ApproveFirst);
    assert!(brief("launch").goal.contains("Pail"));
    let news = brief("newsroom").react.unwrap();
    assert!(news.trends > 0 && news.mentions == 0);
    let asked = brief("ama").react.unwrap();
    assert!(asked.mentions > 0 && asked.trends == 0);
    assert!(brief("evergreen").remember && brief("evergreen").rounds > 1);
}
