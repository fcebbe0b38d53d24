//! Promise 1 where a post carries pictures: the bytes that are out there are those that were committed.

use chimera_domain::{Digest, Effect, Picture, Task, WorkOutcome};
use chimera_testkit::PostedMedium;

use crate::SwarmWorld;

impl SwarmWorld {
    /// No picture or clip was published but one that a task before the post's had made and the Judge had committed.
    pub(super) fn uncommitted_pictures(&self) -> Vec<String> {
        let (effects, tasks) = (self.effects_by_id(), self.tasks());
        let mut broken = Vec::new();
        for post in self.ever_published() {
            let Some(id) = post.effect else { continue };
            let Some(effect) = effects.get(&(post.tenant, id)) else { continue };
            let before = committed_before(&tasks, effect);
            let strange =
                post.media.iter().filter(|medium| !before.iter().any(|picture| is_it(medium, picture)));
            broken.extend(
                strange.map(|medium| {
                    format!("{} carries {}, which nobody committed", post.post_id, medium.digest)
                }),
            );
        }
        broken
    }
}

fn committed_before<'a>(tasks: &'a [Task], effect: &Effect) -> Vec<&'a Picture> {
    let of_it = |task: &&Task| (&task.tenant, &task.campaign) == (&effect.tenant, &effect.campaign);
    let own = tasks.iter().filter(of_it).find(|task| task.id == effect.task);
    let depends_on = own.map_or(&[][..], |task| &task.depends_on);
    let before = tasks.iter().filter(of_it).filter(|task| depends_on.contains(&task.id));
    let pictures = before.filter_map(|task| match &task.committed.as_ref()?.outcome {
        WorkOutcome::Artifact { artifact } => artifact.picture(),
        WorkOutcome::Intent { .. } | WorkOutcome::Failure { .. } => None,
    });
    pictures.collect()
}

fn is_it(medium: &PostedMedium, picture: &Picture) -> bool {
    medium.digest == picture.digest
        && Digest::of_bytes(&medium.bytes) == picture.digest
        && (&medium.mime, &medium.alt_text) == (&picture.mime, &picture.alt_text)
}
