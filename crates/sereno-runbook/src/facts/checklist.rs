//! Lists of things to tick off.

use super::{Source, duration};
use crate::model::{Checklist, ChecklistItem, Role};
use crate::structure::clean_title;

pub(crate) fn collect(source: Source<'_>) -> Vec<Checklist> {
    let mut lists: Vec<(Option<usize>, Checklist)> = Vec::new();
    for item in &source.document.items {
        let section = source.outline.at(item.line);
        // In a section called a checklist, plain bullets are its items too.
        let by_title = item.parent.is_none()
            && source.role(section) == Role::Checklist
            && section.is_some_and(|s| source.outline.sections.get(s).is_some_and(|section| section.level > 1))
            && section.is_some_and(|s| source.outline.own_roles.get(s).copied().flatten() == Some(Role::Checklist));
        if item.checked.is_none() && !by_title {
            continue;
        }
        let entry = ChecklistItem { line: item.line, text: item.title(), checked: item.checked.unwrap_or(false) };
        match lists.last_mut() {
            Some((last, list)) if *last == section => list.items.push(entry),
            _ => {
                let found = section.and_then(|section| source.outline.sections.get(section));
                let title = found.map_or("", |section| clean_title(&section.title)).to_owned();
                let line = found.map_or(item.line, |section| section.line);
                let due_minutes = duration::minutes(&title);
                lists.push((section, Checklist { title, line, due_minutes, items: vec![entry] }));
            }
        }
    }
    lists.into_iter().map(|(_, list)| list).collect()
}
