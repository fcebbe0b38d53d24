//! goal-1: the goal is met when as many posts are out as were asked for.

use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
pub(super) struct Input {
    posts: u32,
    published: Vec<String>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Output {
    met: bool,
    why: String,
    posts: u32,
}

pub(super) fn judge(input: &Input) -> Output {
    let out = u32::try_from(input.published.len()).unwrap_or(u32::MAX);
    let missing = input.posts.saturating_sub(out);
    let why = format!("{out} of {} posts are out", input.posts);
    Output { met: missing == 0, why, posts: missing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_what_was_asked_for_and_is_not_out() {
        let goal = |posts, out| judge(&Input { posts, published: vec![String::new(); out] });
        assert_eq!((goal(3, 1).met, goal(3, 1).posts), (false, 2));
        assert_eq!((goal(3, 3).met, goal(3, 3).posts), (true, 0));
        assert_eq!((goal(0, 2).met, goal(0, 2).posts), (true, 0));
    }
}
