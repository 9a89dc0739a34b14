//! What an emergency takes, on a real server with systemd over SSH: the page that people see while everything is stopped,
//! everything down and up again, and a credential that is read for a while. The server's edge is a few lines of Perl, which
//! every Debian has.

use crate::people::{TWO_PEOPLE, is_root, share};
use crate::secrets::{PASSWORD, nothing_is_kept, opened};
use crate::services::Servers;
use crate::world::{at_a_terminal, until};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

const FLAG: &str = "/var/lib/edge/maintenance";

const EDGE: &str = r#"
use strict; use IO::Socket::INET;
my $l = IO::Socket::INET->new(LocalPort => 8080, Listen => 16, ReuseAddr => 1) or die $!;
while (my $c = $l->accept) {
  while (my $line = <$c>) { last if $line =~ /^\r?\n$/ }
  my ($s, $b) = -e "/var/lib/edge/maintenance" ? ("503 Service Unavailable", "back soon") : ("200 OK", "the shop");
  print $c "HTTP/1.0 $s\r\nContent-Length: ".length($b)."\r\n\r\n$b"; close $c;
}
"#;

#[test]
fn an_emergency_on_a_server_with_systemd() {
    let Some(servers) = Servers::up(1) else { return };
    let address = servers.address(0);
    set_up(&servers);
    let settings = format!(
        "[platform]\nkind = \"systemd\"\nhosts = [\"web-1\"]\nunits = [\"orion-api\", \"edge\"]\nssh_config = \"ssh.conf\"\n\n\
         [maintenance]\ncomponent = \"edge\"\nfile = \"{FLAG}\"\nurl = \"http://{address}:8080/\"\n\n"
    );
    // A second person is another OS user, which takes root.
    if is_root() {
        servers.world.write("sereno.toml", &format!("{settings}{TWO_PEOPLE}"));
        a_credential_is_read_for_a_while(&servers);
    }
    servers.world.write("sereno.toml", &format!("{settings}[policy]\npause_seconds = 1\n"));
    until("the shop is open", || seen(&address) == "200 the shop");
    the_page_stands_while_everything_is_stopped(&servers, &address);
    the_page_alone(&servers, &address);
    down_and_up(&servers);
}

fn set_up(servers: &Servers) {
    let unit = |name: &str, lines: &str| {
        format!("printf '[Service]\\n{lines}\\n' | sudo tee /etc/systemd/system/{name}.service >/dev/null")
    };
    let edge = EDGE.replace('\'', "'\\''");
    let commands = [
        "sudo mkdir -p /var/lib/edge /opt/edge".to_owned(),
        format!("printf '%s' '{edge}' | sudo tee /opt/edge/edge.pl >/dev/null"),
        unit("edge", "ExecStart=/usr/bin/perl /opt/edge/edge.pl"),
        unit("orion-api", &format!("Environment=DB_PASSWORD={PASSWORD}\\nExecStart=/bin/sleep 100000")),
        "sudo systemctl daemon-reload".to_owned(),
        "sudo systemctl start edge orion-api".to_owned(),
    ];
    servers.ssh("web-1", &commands.join("; "));
    assert_eq!(active(servers), ["active", "active"]);
}

fn active(servers: &Servers) -> Vec<String> {
    servers.ssh("web-1", "systemctl is-active orion-api edge").lines().map(str::to_owned).collect()
}

/// What anybody from outside sees: the status and the body; empty when nobody answers.
fn seen(address: &str) -> String {
    let Ok(mut stream) = TcpStream::connect((address, 8080)) else { return String::new() };
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let mut answer = String::new();
    let asked = stream.write_all(b"GET / HTTP/1.0\r\n\r\n").and_then(|()| stream.read_to_string(&mut answer));
    if asked.is_err() {
        return String::new();
    }
    let status = answer.split(' ').nth(1).unwrap_or_default();
    format!("{status} {}", answer.rsplit("\r\n\r\n").next().unwrap_or_default())
}

fn typed(servers: &Servers, arguments: &[&str]) {
    let typed = at_a_terminal(&servers.world.command(arguments), "Type CONFIRM", "CONFIRM\n");
    assert_eq!(servers.world.runs()[0].1, "verified", "{typed}");
}

fn the_page_stands_while_everything_is_stopped(servers: &Servers, address: &str) {
    typed(servers, &["stop"]);
    assert_eq!(
        (active(servers), seen(address)),
        (vec!["inactive".into(), "active".into()], "503 back soon".to_owned())
    );
    let resumed = servers.world.sereno(&["resume", "--yes"]);
    assert_eq!((resumed.code, servers.world.runs()[0].1.as_str()), (Some(0), "verified"), "{resumed:?}");
    assert_eq!((active(servers), seen(address)), (vec!["active".into(), "active".into()], "200 the shop".to_owned()));
    assert_eq!(servers.ssh("web-1", &format!("ls {FLAG} 2>&1 | grep -c 'No such file'")), "1");
}

fn the_page_alone(servers: &Servers, address: &str) {
    typed(servers, &["maintenance", "on"]);
    assert_eq!(seen(address), "503 back soon");
    let off = servers.world.sereno(&["maintenance", "off", "--yes"]);
    assert_eq!((off.code, seen(address)), (Some(0), "200 the shop".to_owned()), "{off:?}");
}

fn down_and_up(servers: &Servers) {
    typed(servers, &["down"]);
    assert_eq!(active(servers), ["inactive", "inactive"]);
    let up = servers.world.sereno(&["up", "--yes"]);
    assert_eq!((up.code, servers.world.runs()[0].1.as_str()), (Some(0), "verified"), "{up:?}");
    assert_eq!(active(servers), ["active", "active"]);
}

fn a_credential_is_read_for_a_while(servers: &Servers) {
    let world = &servers.world;
    share(world);
    let run = opened(world, &["orion-api", "DB_PASSWORD", "--minutes", "5"]);
    let shown = at_a_terminal(&world.command(&["secret", "show", &run]), "nothing is asked", "");
    assert!(shown.contains(PASSWORD), "{shown}");
    assert_eq!(world.sereno(&["secret", "close", &run]).code, Some(0));
    let over = world.sereno(&["secret", "show", &run]);
    assert!(over.code == Some(3) && !over.err.contains(PASSWORD), "{over:?}");
    nothing_is_kept(world);
}
