//! The files that a command executes by name: what stands in them decides what happens, and no text shows it.

use crate::analysis::{Executed, ExecutedKind};
use crate::analyzer::Analyzer;
use crate::handlers::has_extension;
use crate::invocation::{GivenOption, Invocation};
use crate::stream::Stream;
use crate::walk::Place;
use crate::word::Field;

/// Where the programs of the machine are: they are its own, and named for what they do.
const INSTALLED: [&str; 8] =
    ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/", "/snap/", "/nix/"];

/// What a command runs inside of and is still on this machine, with this machine's files.
const HERE: [&str; 43] = [
    "bash",
    "sh",
    "dash",
    "zsh",
    "ksh",
    "ash",
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

/// Programs whose first argument is a file that they run.
const INTERPRETERS: [&str; 24] = [
    "bash",
    "sh",
    "dash",
    "zsh",
    "ksh",
    "ash",
    "fish",
    "source",
    ".",
    "python",
    "python2",
    "python3",
    "node",
    "nodejs",
    "perl",
    "ruby",
    "php",
    "lua",
    "Rscript",
    "tclsh",
    "bun",
    "deno",
    "pwsh",
    "ansible-playbook",
];

/// Programs that run what a file holds, and the options that name it.
const FILE_OPTIONS: [(&[&str], &[&str]); 5] = [
    (&["psql", "pgcli", "cockroach"], &["-f", "--file"]),
    (&["redis-cli", "valkey-cli"], &["--eval"]),
    (&["kubectl", "oc"], &["-f", "--filename"]),
    (&["docker-compose", "podman-compose"], &["-f", "--file"]),
    (&["make", "gmake"], &["-f", "--file", "--makefile"]),
];

/// Programs that run what comes in, when it comes from a file.
const READERS: [&str; 22] = [
    "bash",
    "sh",
    "dash",
    "zsh",
    "ksh",
    "ash",
    "psql",
    "pgcli",
    "mysql",
    "mariadb",
    "sqlite3",
    "redis-cli",
    "valkey-cli",
    "mongosh",
    "mongo",
    "python",
    "python3",
    "node",
    "perl",
    "ruby",
    "php",
    "sqlcmd",
];

impl Analyzer<'_> {
    /// Notes what a command executes by name.
    pub(crate) fn executes(&mut self, head: &Field, name: &str, rest: &[Field], place: &Place) {
        let local = place.via.iter().all(|via| HERE.contains(&via.split(' ').next().unwrap_or_default()));
        let mut note = |what: ExecutedKind, word: &Field, text: Option<&str>| {
            self.found.execute(Executed {
                what,
                name: text.filter(|text| !text.is_empty()).map(str::to_owned),
                shown: word.shown(),
                local,
                maybe: place.maybe,
            });
        };
        let is_path = head.text.contains('/');
        if is_path && !INSTALLED.iter().any(|root| head.text.starts_with(root)) {
            note(ExecutedKind::File, head, head.value());
        }
        if !head.known || self.scope.functions.contains_key(&head.text) {
            return;
        }
        if let (true, Stream::File(file)) = (READERS.contains(&name), &place.stdin)
            && file != "/dev/null"
        {
            let word = Field::plain(file.clone(), head.span.clone());
            note(ExecutedKind::File, &word, word.value());
        }
        let Some(known) = self.knowledge.command(name) else { return };
        let command = Invocation::new(name, rest, known);
        match name {
            "cd" | "pushd" | "popd" => {
                let to = command.positional_word(0);
                // `cd` alone goes home, `cd -` and `popd` back: neither is told by the text.
                let text = to.and_then(Field::value).filter(|to| *to != "-" && !to.starts_with('+') && name != "popd");
                note(ExecutedKind::Enters, to.unwrap_or(head), text);
            }
            "npm" | "yarn" | "pnpm" if runs_a_package_script(&command) => {
                let at = command.all(&["--prefix", "--cwd", "-C", "--dir"]).last();
                let word = at.and_then(|option| command.words.get(option.value_index)).unwrap_or(head);
                let text = at.map_or(Some("."), |option| option.value.as_deref());
                note(ExecutedKind::Package, word, text);
            }
            "make" | "gmake" if !command.has(FILE_OPTIONS[4].1) => {
                let at = command.all(&["-C", "--directory"]).last();
                let word = at.and_then(|option| command.words.get(option.value_index)).unwrap_or(head);
                let text = at.map_or(Some("."), |option| option.value.as_deref());
                note(ExecutedKind::Makefile, word, text);
            }
            _ => {}
        }
        if let Some((_, options)) = FILE_OPTIONS.iter().find(|(names, _)| names.contains(&name))
            && applies(&command)
        {
            for option in command.all(options).filter(|option| names_a_file(option, name)) {
                if let Some(word) = command.words.get(option.value_index)
                    && !matches!(option.value.as_deref(), Some("-" | "/dev/stdin"))
                {
                    note(ExecutedKind::File, word, option.value.as_deref());
                }
            }
        }
        if INTERPRETERS.contains(&name)
            && !command.has(&["-c", "-m", "-e", "-E", "--eval", "-p", "--print", "-r", "-s"])
            && let Some(word) = command.positional_word(0).filter(|word| word.text != "-")
        {
            let runs = matches!(name, "bun" | "deno") && matches!(word.text.as_str(), "run" | "x");
            let word = if runs { command.positional_word(1) } else { Some(word) };
            // `bun test`, `deno task x`: words of its own.
            if let Some(word) = word.filter(|w| !matches!(name, "bun" | "deno") || looks_like_a_file(&w.text)) {
                note(ExecutedKind::File, word, word.value());
            }
        }
    }
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
