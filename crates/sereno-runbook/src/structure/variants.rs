//! Label lines over steps: the same thing in several places, or several subjects.

use super::draft::Draft;
use super::parts::is_generic;
use super::sections::{Outline, clean_title};
use crate::text::fold;

/// Names of places where the same thing is done in another way.
const PLACES: [&str; 34] = [
    "render",
    "railway",
    "heroku",
    "fly.io",
    "fly",
    "vercel",
    "netlify",
    "vps",
    "aws",
    "gcp",
    "azure",
    "docker",
    "docker compose",
    "docker-compose",
    "kubernetes",
    "k8s",
    "systemd",
    "pm2",
    "linux",
    "ubuntu",
    "debian",
    "centos",
    "rhel",
    "macos",
    "windows",
    "helm",
    "swarm",
    "nomad",
    "ecs",
    "eks",
    "gke",
    "openshift",
    "bare metal",
    "digitalocean",
];

/// Label lines that name places (`**Render:**`, `**VPS propio:**`) hold alternatives; the others name what their steps
/// are about.
pub(super) fn variants(outline: &Outline, drafts: &mut [Draft]) {
    let mut group = drafts.iter().filter_map(|draft| draft.alternative.as_ref().map(|a| a.0)).max().unwrap_or(0);
    let mut from = 0;
    while from < drafts.len() {
        let heading = drafts.get(from).map(|draft| outline.heading_section(draft.section));
        let same = |draft: &Draft| Some(outline.heading_section(draft.section)) == heading;
        let to = from + drafts.get(from..).unwrap_or_default().iter().take_while(|draft| same(draft)).count();
        let Some(run) = drafts.get_mut(from..to) else {
            break;
        };
        let mut places: Vec<usize> = run.iter().map(|d| d.section).filter(|s| is_place(outline, *s)).collect();
        places.dedup();
        // Nobody describes as many places; what does is no list of alternatives.
        places.truncate(64);
        group += 1;
        for draft in run {
            let Some(section) = outline.sections.get(draft.section).filter(|_| is_topic(outline, draft.section)) else {
                continue;
            };
            let title = clean_title(&section.title);
            if let (true, Some(number)) = (places.len() > 1, places.iter().position(|place| *place == draft.section)) {
                draft.alternative.get_or_insert((group, number as u32 + 1, title.to_owned()));
            }
            if draft.condition.is_none() && fold(title).starts_with("si ") || fold(title).starts_with("if ") {
                draft.condition = Some(title.to_owned());
            } else if draft.title != title && !is_generic(title) {
                draft.title = format!("{title}: {}", draft.title);
            }
        }
        from = to.max(from + 1);
    }
}

/// A label without a role of its own.
fn is_topic(outline: &Outline, section: usize) -> bool {
    outline.labels.get(section).copied().flatten().is_some()
        && outline.own_roles.get(section).copied().flatten().is_none()
}

fn is_place(outline: &Outline, section: usize) -> bool {
    is_topic(outline, section)
        && outline.sections.get(section).is_some_and(|section| {
            let title = fold(clean_title(&section.title));
            PLACES.iter().any(|place| {
                title.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '/', '(']))
            })
        })
}
