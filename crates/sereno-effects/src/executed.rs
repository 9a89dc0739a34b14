//! The files that a command executes by name: what stands in them decides what happens, and no text shows it.

use crate::analysis::{Executed, ExecutedKind};
use crate::analyzer::Analyzer;
use crate::handlers::has_extension;
use crate::invocation::{GivenOption, Invocation};
use crate::programs::{CONSOLES, LANGUAGES, SHELLS, among};
use crate::stream::Stream;
use crate::walk::Place;
use crate::word::{Field, UNKNOWN};

/// Where the programs of the machine are: they are its own, and named for what they do.
const INSTALLED: [&str; 8] =
    ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/", "/snap/", "/nix/"];

/// What a command runs inside of, beside shells, and is still on this machine, with this machine's files.
const WRAPPERS: &[&str] = &[
    "sudo",
    "doas",
    "su",
    "runuser",
    "env",
    "nohup",
    "setsid",
    "stdbuf",
    "unbuffer",
    "command",
    "builtin",
    "nice",
    "ionice",
    "chrt",
    "taskset",
    "time",
    "timeout",
    "gtimeout",
    "flock",
    "watch",
    "xargs",
    "parallel",
    "find",
    "fd",
    "exec",
    "eval",
    "trap",
    "at",
    "source",
    ".",
    "systemd-run",
    "dotenv",
    "dotenvx",
    "systemd-inhibit",
    "script",
    "npx",
    "chronic",
];

/// Beside shells and languages: programs whose first argument is a file that they run, or install to be run.
const RUNNERS: &[&str] = &["source", ".", "ansible-playbook", "crontab"];

const MAKEFILE: &[&str] = &["-f", "--file", "--makefile"];

/// Programs that run what a file holds, and the options that name it.
const FILE_OPTIONS: [(&[&str], &[&str]); 6] = [
    (&["psql", "pgcli", "cockroach"], &["-f", "--file"]),
    (&["redis-cli", "valkey-cli"], &["--eval"]),
    (&["kubectl", "oc"], &["-f", "--filename"]),
    (&["docker-compose", "podman-compose"], &["-f", "--file"]),
    (&["make", "gmake"], MAKEFILE),
    (&["at", "batch"], &["-f"]),
];

/// Beside shells, languages and consoles: programs that run what comes in, when it comes from a file.
const READERS: &[&str] = &["crontab", "at", "batch"];

impl Analyzer<'_> {
    /// Notes what a command executes by name.
    pub(crate) fn executes(&mut self, head: &Field, name: &str, rest: &[Field], place: &Place) {
        let is_path = head.text.contains('/') && !INSTALLED.iter().any(|root| head.text.starts_with(root));
        // `find … -exec {} ;`: what is found is run.
        if is_path || is_found(head, place) {
            self.note(ExecutedKind::File, head, head.value(), place);
        }
        if !head.known || self.scope.functions.contains_key(&head.text) {
            return;
        }
        if let Stream::File(file) = &place.stdin
            && among(name, &[SHELLS, LANGUAGES, CONSOLES, READERS])
            && file != "/dev/null"
        {
            let word = Field::plain(file.clone(), head.span.clone());
            self.note(ExecutedKind::File, &word, word.value(), place);
        }
        let Some(known) = self.knowledge.command(name) else { return };
        let command = Invocation::new(name, rest, known);
        self.note_directory(head, &command, place);
        if let Some((_, options)) = FILE_OPTIONS.iter().find(|(names, _)| names.contains(&name))
            && applies(&command)
        {
            for option in command.all(options).filter(|option| names_a_file(option, name)) {
                if let Some(word) = command.words.get(option.value_index)
                    && !matches!(option.value.as_deref(), Some("-" | "/dev/stdin"))
                {
                    self.note(ExecutedKind::File, word, option.value.as_deref(), place);
                }
            }
        }
        self.note_script(&command, place);
    }

    /// The lines of a console that read another file: `\i fix.sql`.
    pub(crate) fn executes_in_sql(&mut self, text: &str, place: &Place) {
        for line in text.lines() {
            let mut words = line.split_whitespace();
            while let Some(word) = words.next() {
                if matches!(word, "\\i" | "\\ir" | "\\include" | "\\include_relative" | "\\." | ".read")
                    && let Some(file) = words.next()
                {
                    let file = file.trim_matches(['\'', '"', ';']);
                    let is_known = !file.contains([UNKNOWN, '`', '|']) && !file.starts_with(':');
                    let shown = Field::plain(file.replace(UNKNOWN, "…"), 0..0);
                    self.note(ExecutedKind::File, &shown, is_known.then_some(file), place);
                }
            }
        }
    }

    fn note(&mut self, what: ExecutedKind, word: &Field, text: Option<&str>, place: &Place) {
        let here = |via: &String| among(via.split(' ').next().unwrap_or_default(), &[SHELLS, WRAPPERS]);
        // `-execdir` runs in the folder of each file that it finds.
        let text = text.filter(|text| {
            let moves = place.via.iter().any(|via| matches!(via.as_str(), "find -execdir" | "find -okdir"));
            !text.is_empty() && (text.starts_with('/') || !moves)
        });
        self.found.execute(Executed {
            what,
            name: text.map(str::to_owned),
            shown: word.shown(),
            local: place.via.iter().all(here),
            maybe: place.maybe,
        });
    }

    /// What a command finds by the directory that it is called in, or told: a Makefile, a compose file.
    fn note_directory(&mut self, head: &Field, command: &Invocation<'_>, place: &Place) {
        let (what, options): (_, &[&str]) = match command.name {
            "cd" | "pushd" | "popd" => {
                let to = command.positional_word(0);
                // `cd` alone goes home, `cd -` and `popd` back: neither is told by the text.
                let text = to.and_then(Field::value);
                let text = text.filter(|to| *to != "-" && !to.starts_with('+') && command.name != "popd");
                return self.note(ExecutedKind::Enters, to.unwrap_or(head), text, place);
            }
            "npm" | "yarn" | "pnpm" if runs_a_package_script(command) => {
                (ExecutedKind::Package, &["--prefix", "--cwd", "-C", "--dir"])
            }
            "make" | "gmake" if !command.has(MAKEFILE) => (ExecutedKind::Makefile, &["-C", "--directory"]),
            "docker-compose" | "podman-compose" if takes_its_services(command) => {
                (ExecutedKind::Compose, &["--project-directory"])
            }
            _ => return,
        };
        let at = command.all(options).last();
        let word = at.and_then(|option| command.words.get(option.value_index)).unwrap_or(head);
        self.note(what, word, at.map_or(Some("."), |option| option.value.as_deref()), place);
    }

    /// The script that an interpreter is given, by its name or as what another command prints of it.
    fn note_script(&mut self, command: &Invocation<'_>, place: &Place) {
        let name = command.name;
        let text = command.positional_word(0);
        if name == "eval" || (SHELLS.contains(&name) && command.has(&["-c"])) {
            if let Some(file) = text.and_then(printed_file) {
                self.note(ExecutedKind::File, &file, file.value(), place);
            }
            return;
        }
        let has_none = match name {
            "crontab" => command.has(&["-l", "-e", "-r"]),
            _ => command.has(&["-c", "-m", "-e", "-E", "--eval", "-p", "--print", "-r", "-s"]),
        };
        if has_none || !among(name, &[SHELLS, LANGUAGES, RUNNERS]) {
            return;
        }
        let runs = matches!(name, "bun" | "deno") && text.is_some_and(|word| matches!(word.text.as_str(), "run" | "x"));
        let word = if runs { command.positional_word(1) } else { text };
        // `bun test`, `deno task x`: words of its own.
        let word = word.filter(|w| w.text != "-" && (!matches!(name, "bun" | "deno") || looks_like_a_file(&w.text)));
        if let Some(word) = word {
            let file = printed_file(word).unwrap_or_else(|| word.clone());
            self.note(ExecutedKind::File, &file, file.value(), place);
        }
    }
}

/// Whether a program is one that `find` or `xargs` puts there.
fn is_found(head: &Field, place: &Place) -> bool {
    let within = place.via.last().is_some_and(|via| via.starts_with("find ") || via == "xargs" || via == "parallel");
    within && head.text.chars().all(|c| c == UNKNOWN)
}

/// The file of `"$(cat FILE)"`, `"$(< FILE)"` and `<(cat FILE)`.
fn printed_file(word: &Field) -> Option<Field> {
    let raw = word.raw.trim_matches('"');
    let inner = raw.strip_prefix("$(").or_else(|| raw.strip_prefix("<("))?.strip_suffix(')')?.trim();
    let file = inner.strip_prefix("cat ").or_else(|| inner.strip_prefix('<'))?.trim();
    let plain = !file.is_empty() && !file.contains(|c: char| c.is_whitespace() || "$`*?[{<>|;&()\\\"'".contains(c));
    // `$(cat $F)`: a file too, but which?
    Some(if plain { Field::plain(file, word.span.clone()) } else { word.clone() })
}

/// Whether what stands in the compose file decides what happens: not for looking, and not for what already runs.
fn takes_its_services(command: &Invocation<'_>) -> bool {
    let verb = command.positional(0).unwrap_or_default();
    !command.has(&["-f", "--file"])
        && matches!(verb, "up" | "run" | "create" | "build" | "pull" | "push" | "down" | "start" | "restart" | "watch")
}

/// `kubectl get -f x` only reads, `kubectl logs -f` follows, `docker-compose logs -f` too.
fn applies(command: &Invocation<'_>) -> bool {
    let verb = command.positional(0).unwrap_or_default();
    match command.name {
        "kubectl" | "oc" => matches!(verb, "apply" | "create" | "replace" | "delete" | "patch"),
        _ => true,
    }
}

/// `-f` before the verb names the compose file; after it (`logs -f`) it follows.
fn names_a_file(option: &GivenOption, name: &str) -> bool {
    let has_value = option.value_index != option.index || option.value.is_some();
    has_value && (option.global || !name.ends_with("-compose"))
}

fn runs_a_package_script(command: &Invocation<'_>) -> bool {
    let verb = command.positional(0).unwrap_or_default();
    match command.name {
        "npm" => matches!(verb, "run" | "run-script" | "test" | "t" | "start" | "stop" | "restart"),
        // `yarn build` is `yarn run build`; what is not one of its own words is a script.
        _ => !matches!(verb, "" | "install" | "add" | "remove" | "i" | "info" | "list" | "why" | "audit" | "cache"),
    }
}

fn looks_like_a_file(text: &str) -> bool {
    text.contains('/') || ["ts", "js", "mjs", "cjs", "tsx"].iter().any(|extension| has_extension(text, extension))
}

#[cfg(test)]
mod tests {
    use crate::{Knowledge, analyze_shell};

    /// What a text executes, as a line for each: `Makefile .`, `File x.sh (elsewhere)`, `File ? $X`.
    fn executed(text: &str) -> Vec<String> {
        analyze_shell(text, Knowledge::builtin())
            .statements
            .iter()
            .flat_map(|statement| &statement.executes)
            .map(|e| {
                let name = e.name.clone().unwrap_or_else(|| format!("? {}", e.shown));
                format!("{:?} {name}{}", e.what, if e.local { "" } else { " (elsewhere)" })
            })
            .collect()
    }

    #[test]
    fn files_that_run_by_name_are_told() {
        let cases: &[(&str, &[&str])] = &[
            ("./scripts/rollback.sh v1.2", &["File ./scripts/rollback.sh"]),
            ("sudo -u app bash deploy.sh", &["File deploy.sh"]),
            ("bash -x ./a.sh && sh b.sh || true", &["File ./a.sh", "File b.sh"]),
            ("timeout 60 nohup /opt/app/bin/run.sh", &["File /opt/app/bin/run.sh"]),
            ("bash -c 'cd /opt/app; ./x.sh'", &["Enters /opt/app", "File ./x.sh"]),
            ("S=deploy.sh; bash \"$S\"", &["File deploy.sh"]),
            ("bash $UNSET", &["File ? $UNSET"]),
            ("\"$APP\"/x.sh", &["File ? \"$APP\"/x.sh"]),
            ("source .env", &["File .env"]),
            (". ./vars.sh", &["File ./vars.sh"]),
            ("make restart-api", &["Makefile ."]),
            ("make -C ops deploy", &["Makefile ops"]),
            ("make -f ops.mk deploy", &["File ops.mk"]),
            ("psql $URL -f fix.sql", &["File fix.sql"]),
            ("psql --file=fix.sql", &["File fix.sql"]),
            ("psql app < fix.sql", &["File fix.sql"]),
            ("cat fix.sql | psql app", &["File fix.sql"]),
            ("bash < deploy.sh", &["File deploy.sh"]),
            ("python3 manage.py migrate", &["File manage.py"]),
            ("node --version; node dist/run.js", &["File dist/run.js"]),
            ("npm run migrate", &["Package ."]),
            ("npm ci; yarn install; npm --prefix web run build", &["Package web"]),
            ("kubectl apply -f k8s/api.yaml", &["File k8s/api.yaml"]),
            ("kubectl get -f k8s/api.yaml; kubectl logs -f api", &[]),
            (
                "docker-compose -f prod.yml up -d; docker compose -f b.yml up; docker-compose logs -f api",
                &["File prod.yml", "File b.yml"],
            ),
            ("ansible-playbook -i hosts site.yml", &["File site.yml"]),
            (
                "(cd web && ./x.sh); for s in a.sh b.sh; do sh $s; done",
                &["Enters web", "File ./x.sh", "File a.sh", "File b.sh"],
            ),
            ("release() { ./deploy.sh; }", &[]),
            ("release() { ./deploy.sh; }; release", &["File ./deploy.sh"]),
            ("ssh web1 ./deploy.sh", &["File ./deploy.sh (elsewhere)"]),
            ("kubectl exec api -- ./migrate.sh", &["File ./migrate.sh (elsewhere)"]),
            ("docker-compose exec api bash migrate.sh", &["File migrate.sh (elsewhere)"]),
            ("docker compose up -d", &["Compose ."]),
            ("docker-compose restart api; docker-compose ps; docker-compose logs -f api", &["Compose ."]),
            ("docker-compose --project-directory /srv/app up -d", &["Compose /srv/app"]),
            ("crontab /etc/app/cron.txt; crontab -l; crontab -u app jobs", &["File /etc/app/cron.txt", "File jobs"]),
            ("crontab - < jobs; cat jobs2 | crontab -", &["File jobs", "File jobs2"]),
            ("at -f job.sh now", &["File job.sh"]),
            ("psql app -c '\\i fix.sql'", &["File fix.sql"]),
            (
                "psql app <<'EOF'\nBEGIN;\n\\i 'a.sql'\n\\ir b.sql\n\\include :file\nCOMMIT;\nEOF",
                &["File a.sql", "File b.sql", "File ? :file"],
            ),
            ("echo '\\i fix.sql' | psql app", &["File fix.sql"]),
            ("kubectl exec db -- psql -c '\\i fix.sql'", &["File fix.sql (elsewhere)"]),
            ("eval \"$(cat deploy.env)\"; eval \"$(ssh-agent -s)\"", &["File deploy.env"]),
            (
                "bash -c \"$(cat x.sh)\"; bash -c \"$(< y.sh)\"; source <(cat z.sh)",
                &["File x.sh", "File y.sh", "File z.sh"],
            ),
            ("eval \"$(cat $F)\"", &["File ? \"$(cat $F)\""]),
            ("find . -name '*.log' -exec ./rotate.sh {} \\;", &["File ./rotate.sh"]),
            ("find . -name '*.log' -execdir ./rotate.sh {} \\;", &["File ? ./rotate.sh"]),
            ("find jobs -type f -exec {} \\;", &["File ? jobs"]),
            ("find jobs -type f -exec bash {} \\;", &["File ? jobs"]),
            ("ls jobs | xargs -n1 bash", &["File ? …"]),
            ("cd", &["Enters ? cd"]),
            ("cd -; popd; pushd /srv", &["Enters ? -", "Enters ? popd", "Enters /srv"]),
            ("python -m http.server; python -c 'print(1)'; bash -c true; cat deploy.sh; ls -l ./x.sh", &[]),
            ("/usr/bin/psql -c 'select 1'; kubectl get pods; redis-cli ping; psql -f -", &[]),
        ];
        for (text, wanted) in cases {
            assert_eq!(executed(text), *wanted, "{text}");
        }
    }
}
