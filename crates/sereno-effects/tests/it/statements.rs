//! What statements tell beside their risk: waiting, endlessness, consoles, variables, prompts.

use sereno_effects::{Interactive, Knowledge, Opens, Statement, analyze_shell};

fn statements(text: &str) -> Vec<Statement> {
    analyze_shell(text, Knowledge::builtin()).statements
}

fn only(text: &str) -> Statement {
    let mut all = statements(text);
    assert_eq!(all.len(), 1, "{text}");
    all.remove(0)
}

#[test]
fn interactive_commands_are_known() {
    use Interactive::{Confirmation, Editor, Prompt, Session};
    for (command, kind) in [
        ("vim /etc/hosts", Editor),
        ("nano f", Editor),
        ("less x.log", Editor),
        ("crontab -e", Editor),
        ("kubectl edit deploy/api", Editor),
        ("git revert HEAD", Editor),
        ("git commit", Editor),
        ("git rebase -i HEAD~3", Editor),
        ("visudo", Editor),
        ("systemctl edit api", Editor),
        ("read -p 'ok? ' X", Prompt),
        ("passwd bob", Prompt),
        ("mysql_secure_installation", Prompt),
        ("terraform apply", Confirmation),
        ("gpg --symmetric f", Confirmation),
        ("certbot certonly --manual -d example.com", Confirmation),
        ("docker system prune", Confirmation),
        ("npx prisma migrate reset", Confirmation),
        ("psql -U shop", Session),
        ("redis-cli -h cache", Session),
        ("mysql -u root", Session),
        ("mongosh", Session),
        ("python3", Session),
        ("bash", Session),
        ("sudo -i", Session),
        ("sudo su -", Session),
        ("su - app", Session),
        ("ssh deploy@web1", Session),
        ("docker exec -it api bash", Session),
        ("kubectl exec -it api-0 -- sh", Session),
        ("kubectl exec -it db-0 -n x -- psql -U u", Session),
        ("docker-compose exec db psql -U u", Session),
        ("docker run -it --rm alpine sh", Session),
        ("bin/rails console", Session),
        ("python manage.py shell", Session),
        ("telnet db 5432", Session),
    ] {
        assert_eq!(only(command).interactive, Some(kind), "{command}");
    }
    for command in [
        "git commit -m x",
        "git revert --no-edit HEAD",
        "terraform apply -auto-approve",
        "gpg --batch --passphrase-file p --symmetric f",
        "docker system prune -f",
        "kubectl exec -it api-0 -- df -h",
        "docker exec -it db psql -c 'select 1'",
        "while read l; do echo $l; done < f",
        "cat f | while read -r l; do echo $l; done",
        "read A B <<< 'x y'",
        "read A <<EOF\nx\nEOF",
        "psql <<EOF\nselect 1;\nEOF",
        "echo x | redis-cli ping",
        "ssh web1 uptime",
        "ssh web1 <<EOF\nuptime\nEOF",
        "crontab -l",
        "sudo systemctl restart x",
        "nc -z db 5432",
        "bash -c 'ls'",
        "python3 -c 'print(1)'",
    ] {
        assert_eq!(only(command).interactive, None, "{command}");
    }
}

#[test]
fn endless_commands_are_known() {
    for command in [
        "tail -f x.log",
        "tail -F x.log | grep ERROR",
        "kubectl logs -f deploy/api",
        "kubectl get pods -w",
        "kubectl port-forward svc/api 8080:80",
        "docker logs -f api",
        "docker-compose -f a.yml logs -f",
        "docker compose logs --follow api",
        "docker stats",
        "docker-compose up",
        "journalctl -fu api",
        "watch -n 5 'docker ps'",
        "watch kubectl get pods",
        "top",
        "htop",
        "ping example.com",
        "pm2 logs",
        "pm2 monit",
        "railway logs",
        "heroku logs --tail -a x",
        "render logs --tail",
        "stripe listen --forward-to localhost:3000/hook",
        "npm run dev",
        "npm start",
        "python -m http.server 8000",
        "python manage.py runserver",
        "redis-cli monitor",
        "redis-cli --stat",
        "ssh -N -L 5432:db:5432 bastion",
        "celery -A app worker -l info",
        "tcpdump -i eth0",
        "sudo tail -f /var/log/syslog",
        "ssh web1 tail -f x.log",
        "kubectl exec api-0 -- tail -f x.log",
        "psql -c 'select 1 \\watch 2'",
        "gunicorn app:app",
        "while true; do date; sleep 5; done",
        "while sleep 5; do date; done",
        "while :; do date; done > x.log",
        "until false; do date; sleep 1; done",
        "for ((;;)); do date; sleep 1; done",
    ] {
        assert!(only(command).endless, "{command}");
    }
    for command in [
        "timeout 60 kubectl logs -f deploy/api",
        "tail -f x.log | head -20",
        "docker stats --no-stream",
        "top -b -n 1",
        "ping -c 4 example.com",
        "tail -n 50 x.log",
        "kubectl port-forward svc/api 8080:80 &",
        "docker-compose up -d",
        "docker-compose -f a.yml up -d",
        "journalctl -u api -n 50",
        "pm2 logs --nostream --lines 50",
        "docker-compose -f a.yml logs --tail=5 api",
        "kubectl apply -f x.yml",
        "vmstat 1 5",
        "while true; do curl -sf localhost && break; sleep 5; done",
        "while true; do date; sleep 5; done &",
        "timeout 60 bash -c 'while true; do date; sleep 1; done'",
        "while read -r line; do echo \"$line\"; done < x.txt",
        "tail x.log | while read -r line; do echo \"$line\"; done",
        "until curl -sf localhost; do sleep 2; done",
        "for ((i = 0; i < 3; i++)); do date; done",
    ] {
        let all = statements(command);
        // `vmstat 1` has no end, `vmstat 1 5` has.
        assert!(!all.iter().any(|s| s.endless), "{command}");
    }
}

#[test]
fn what_a_statement_opens_is_known() {
    for (command, opens) in [
        ("docker exec -it api bash", Opens::Container("api".into())),
        ("kubectl exec -it api-0 -n x -- /bin/bash", Opens::Container("api-0".into())),
        ("kubectl exec -it <pod-name> -- sh", Opens::Container("<pod-name>".into())),
        ("docker-compose exec api sh", Opens::Container("api".into())),
        ("ssh deploy@web1", Opens::Host("deploy@web1".into())),
        ("sudo -i", Opens::Shell("root".into())),
        ("su - app", Opens::Shell("app".into())),
        ("redis-cli", Opens::Client("redis-cli".into())),
        ("docker exec -it cache redis-cli", Opens::Client("redis-cli".into())),
        ("docker-compose exec db psql -U u shop", Opens::Client("psql".into())),
        ("mysql -u root -p shop", Opens::Client("mysql".into())),
        ("bin/rails console", Opens::Client("rails console".into())),
    ] {
        assert_eq!(only(command).opens, Some(opens), "{command}");
    }
    for command in
        ["docker exec api ls", "ssh web1 ls", "psql -c 'select 1'", "redis-cli ping", "echo x | psql", "bash x.sh"]
    {
        assert_eq!(only(command).opens, None, "{command}");
    }
}

#[test]
fn variables_set_and_used_are_listed() {
    for (text, sets) in [
        ("A=1", vec!["A"]),
        ("export A=1 B=2", vec!["A", "B"]),
        ("A=$(date)", vec!["A"]),
        ("read -r A B", vec!["A", "B"]),
        ("for f in a b; do echo $f; done", vec!["f"]),
        ("if true; then A=1; fi", vec!["A"]),
        ("A=1 ls", vec![]),
        ("bash -c 'A=1'", vec![]),
        ("f() { A=1; }", vec![]),
        ("mapfile -t LINES < f", vec!["LINES"]),
    ] {
        assert_eq!(only(text).sets, sets, "{text}");
    }
    for (text, uses) in [
        ("echo $A ${B} \"$C\"", vec![("A", false), ("B", false), ("C", false)]),
        ("echo ${A:-x} ${B-y} ${C:?no}", vec![("A", true), ("B", true), ("C", false)]),
        ("echo '$A' \\$B $? $$", vec![]),
        ("cat <<EOF\n$A\nEOF", vec![("A", false)]),
        ("cat <<'EOF'\n$A\nEOF", vec![]),
        ("ls $(echo $A)", vec![("A", false)]),
    ] {
        let found = only(text);
        let names: Vec<_> = found.uses.iter().map(|used| (used.name.as_str(), used.has_default)).collect();
        assert_eq!(names, uses, "{text}");
        for used in &found.uses {
            assert!(text[used.span.clone()].contains(&used.name), "{text}");
        }
    }
}

#[test]
fn prompts_tell_the_word_that_they_demand() {
    let prompt = only("read -p \"Escribe 'CONFIRMAR' para seguir: \" RESPUESTA").prompts.remove(0);
    assert_eq!(prompt.variable, "RESPUESTA");
    assert_eq!(prompt.message.as_deref(), Some("Escribe 'CONFIRMAR' para seguir: "));
    assert_eq!(prompt.typed_word.as_deref(), Some("CONFIRMAR"));
    let compared = statements("read -p '¿Seguro? (escribe SI) ' R\nif [ \"$R\" != \"SI\" ]; then exit 1; fi");
    assert_eq!(compared[0].prompts[0].typed_word.as_deref(), Some("SI"));
    let double = statements("read -r R\n[[ $R == \"yes\" ]] || exit 1");
    assert_eq!(double[0].prompts[0].typed_word.as_deref(), Some("yes"));
    assert_eq!(only("read -p 'Nombre: ' N").prompts[0].typed_word, None);
}

#[test]
fn job_control_is_known() {
    for (text, wanted) in [
        ("sleep 5 &", true),
        ("wait", true),
        ("exec > f.log", true),
        ("exec 2>&1", true),
        ("ls", false),
        ("a && b", false),
        ("ls 2>&1", false),
    ] {
        assert_eq!(only(text).job_control, wanted, "{text}");
    }
}

#[test]
fn statements_comments_and_lines_are_placed() {
    let text = "# uno\nls -la # dos\n\ncat <<EOF\n# tres\nEOF\nkubectl get pods";
    let analysis = analyze_shell(text, Knowledge::builtin());
    let lines: Vec<_> = analysis.statements.iter().map(|s| (s.line, &text[s.span.clone()])).collect();
    assert_eq!(lines, [(2, "ls -la"), (4, "cat <<EOF\n# tres\nEOF"), (7, "kubectl get pods")]);
    let comments: Vec<_> = analysis.comments.iter().map(|c| &text[c.clone()]).collect();
    assert_eq!(comments, ["# uno", "# dos"]);
    assert!(analysis.errors.is_empty());
}

#[test]
fn inner_commands_say_what_they_run_inside_of() {
    let text = "sudo kubectl exec -it api-0 -- bash -c 'rm -rf /data'";
    let found = only(text);
    let rm = found.commands.iter().find(|c| c.name == "rm").expect("rm");
    assert_eq!(rm.via, ["sudo", "kubectl exec", "bash -c"]);
    assert_eq!(&text[rm.span.clone()], "rm -rf /data");
    assert_eq!(&text[rm.args[1].span.clone()], "/data");
    let names: Vec<_> = found.commands.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["sudo", "kubectl", "bash", "rm"]);
}

#[test]
fn effects_name_the_component_in_both_languages() {
    for (command, en, es, component) in [
        ("docker-compose restart backend", "restarts backend", "reinicia backend", Some("backend")),
        (
            "kubectl rollout restart deployment/backend",
            "restarts deployment/backend",
            "reinicia deployment/backend",
            Some("backend"),
        ),
        ("systemctl restart nginx.service", "restarts nginx.service", "reinicia nginx.service", Some("nginx")),
        ("pm2 restart api", "restarts api", "reinicia api", Some("api")),
        ("docker logs api", "reads api logs", "lee los registros de api", Some("api")),
        ("redis-cli FLUSHALL", "empties redis", "vacía redis", Some("redis")),
        ("psql -c 'TRUNCATE orders'", "empties rows of orders", "vacía filas de orders", Some("postgres")),
        ("find logs/ -delete", "deletes files under logs/", "elimina archivos bajo logs/", None),
    ] {
        let found = only(command);
        let effect = found.effects.first().unwrap_or_else(|| panic!("no effect: {command}"));
        assert_eq!(
            (effect.text.en.as_str(), effect.text.es.as_str(), effect.component.as_deref()),
            (en, es, component),
            "{command}"
        );
    }
}

#[test]
fn what_is_not_shell_is_never_less_than_unclear() {
    for text in ["echo \"a", "services:\n  api:\n    image: (x", "if true; then ls", "ls )", "}", "for x in"] {
        assert!(analyze_shell(text, Knowledge::builtin()).risk >= sereno_model::Risk::Unclear, "{text}");
    }
    assert_eq!(analyze_shell("rm -rf \"/data", Knowledge::builtin()).risk, sereno_model::Risk::Destroy);
    assert_eq!(analyze_shell("", Knowledge::builtin()).statements.len(), 0);
}

#[test]
fn unknown_commands_are_named() {
    assert_eq!(only("frob -x && ls").unknown_commands, ["frob"]);
    assert_eq!(only("$CMD x").unknown_commands, ["$CMD"]);
    assert!(only("ls").unknown_commands.is_empty());
}
