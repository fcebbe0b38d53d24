//! What is behind the character.

mod city;
mod garden;
mod hills;
mod orbits;
mod ribbons;
mod sea;

use super::stage::Stage;
use super::words::Scene;

/// Sets the scene.
pub(super) fn draw(scene: Scene, stage: &mut Stage) {
    match scene {
        Scene::Hills => hills::draw(stage),
        Scene::City => city::draw(stage),
        Scene::Sea => sea::draw(stage),
        Scene::Orbits => orbits::draw(stage),
        Scene::Garden => garden::draw(stage),
        Scene::Ribbons => ribbons::draw(stage),
    }
}
