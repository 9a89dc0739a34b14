//! Which tool changes the schema of the database. Pure.

use super::folder::{Folder, ends_in};
use serde::Serialize;

/// A tool, and where its migrations are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Migrations {
    pub(super) tool: &'static str,
    pub(super) place: String,
}

pub(super) fn find(folder: &Folder) -> Vec<Migrations> {
    let mut found = Vec::new();
    let mut add = |tool, place: &str| {
        let new = Migrations { tool, place: place.to_owned() };
        if !found.contains(&new) {
            found.push(new);
        }
    };
    for file in folder.files() {
        let (place, name) = file.rsplit_once('/').unwrap_or(("", file));
        match name {
            "alembic.ini" => add("Alembic", file),
            "schema.prisma" => add("Prisma", file),
            "package.json" if depends_on(folder, file, "typeorm") => add("TypeORM", &place_of_typeorm(folder, place)),
            _ if ends_in(name, &["sql"]) && is_folder_of_migrations(place) => add("SQL", place),
            _ => {}
        }
    }
    // Prisma's migrations are SQL too, and its own.
    let of_prisma = |m: &Migrations| m.tool == "SQL" && m.place.contains("prisma/migrations");
    if found.iter().any(|m| m.tool == "Prisma") {
        found.retain(|m| !of_prisma(m));
    }
    found
}

fn is_folder_of_migrations(place: &str) -> bool {
    place.split('/').any(|part| matches!(part, "migrations" | "migration" | "migraciones" | "migrate"))
}

fn place_of_typeorm(folder: &Folder, place: &str) -> String {
    let inside =
        |file: &&str| file.starts_with(place) && is_folder_of_migrations(file.rsplit_once('/').map_or("", |f| f.0));
    let first = folder.files().find(inside).and_then(|file| file.rsplit_once('/'));
    first.map_or_else(
        || format!("{place}/package.json").trim_start_matches('/').to_owned(),
        |(place, _)| place.to_owned(),
    )
}

/// Whether a `package.json` names a package among its dependencies.
fn depends_on(folder: &Folder, file: &str, package: &str) -> bool {
    let value: Option<serde_json::Value> = folder.text(file).and_then(|text| serde_json::from_str(&text).ok());
    let of = |key: &str| value.as_ref().is_some_and(|value| value[key].get(package).is_some());
    of("dependencies") || of("devDependencies")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tool_is_known_by_its_own_files() {
        let root = tempfile::tempdir().expect("a folder");
        for (name, text) in [
            ("api/package.json", r#"{"dependencies":{"typeorm":"^0.3"}}"#),
            ("api/src/migrations/1-init.ts", ""),
            ("ml/alembic.ini", ""),
            ("web/prisma/schema.prisma", ""),
            ("web/prisma/migrations/1.sql", ""),
            ("migrations/001_a.up.sql", ""),
            ("migrations/002_b.up.sql", ""),
            ("reports/x.sql", ""),
            ("broken/package.json", "{"),
        ] {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        let found = find(&Folder::look(root.path()));
        let told: Vec<_> = found.iter().map(|m| (m.tool, m.place.as_str())).collect();
        let expected = [
            ("TypeORM", "api/src/migrations"),
            ("SQL", "migrations"),
            ("Alembic", "ml/alembic.ini"),
            ("Prisma", "web/prisma/schema.prisma"),
        ];
        assert_eq!(told, expected);
    }
}
