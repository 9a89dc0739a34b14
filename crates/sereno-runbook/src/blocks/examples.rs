//! Examples without brackets that stand for the real thing: `tu-dominio.com`, `abc123`, `-U user`, `/path/to`,
//! `backup_20241201.sql.gz`.
//!
//! Each pattern has one group: the bytes to replace.

use super::pattern::regex;
use super::sieve::{Pattern, Sieve};
use regex::Regex;
use sereno_model::BlockClass;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

/// The bytes of every example in a text. They may overlap.
pub(super) fn examples(text: &str, class: BlockClass) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    EVERYWHERE.collect(text, &mut found);
    if matches!(class, BlockClass::Shell | BlockClass::Sql | BlockClass::Repl | BlockClass::Promql) {
        COMMANDS.collect(text, &mut found);
    }
    let used: HashSet<&str> = USED.captures_iter(text).filter_map(|one| one.get(1)).map(|one| one.as_str()).collect();
    found.retain(|span| !is_made_up_by_the_text(text, span, &used));
    found
}

/// A name that the text itself computes is no example: `backup_$(date +%F).sql`, a variable that it `used`.
fn is_made_up_by_the_text(text: &str, span: &Range<usize>, used: &HashSet<&str>) -> bool {
    let before = text.get(..span.start).unwrap_or_default();
    let after = text.get(span.end..).unwrap_or_default();
    let found = text.get(span.clone()).unwrap_or_default();
    used.contains(found)
        || before.ends_with(['$', '{'])
        || before.ends_with("?P<")
        // What `sed` looks for is replaced by it.
        || [" s/", "'s/", "\"s/", "'s|", "'s#"].iter().any(|start| before.ends_with(start))
        || before.ends_with("?<")
        || after.starts_with(['=', '('])
        || found.contains("$(")
}

/// Patterns with one group each; only those whose words stand in a text are compiled and run.
struct Patterns {
    sieve: Sieve,
    each: Vec<(&'static str, OnceLock<Pattern>)>,
}

impl Patterns {
    fn new(patterns: &[&'static str]) -> Self {
        let sieve = Sieve::new(patterns.iter().copied());
        let each = patterns.iter().map(|pattern| (*pattern, OnceLock::new())).collect();
        Self { sieve, each }
    }

    /// The groups of all matches.
    fn collect(&self, text: &str, found: &mut Vec<Range<usize>>) {
        for row in self.sieve.pass(text.as_bytes()) {
            let Some((pattern, compiled)) = self.each.get(row) else { continue };
            let compiled = compiled.get_or_init(|| compile(pattern));
            // Asking costs less than getting ready for groups that are mostly not there.
            if compiled.is_match(text.as_bytes()) {
                found.extend(compiled.groups(text.as_bytes()));
            }
        }
    }
}

/// Bytes are quicker to compile than characters, and every group begins and ends beside ASCII.
fn compile(pattern: &str) -> Pattern {
    Pattern::new(pattern).expect("constant pattern")
}

static USED: LazyLock<Regex> = LazyLock::new(|| regex(r"\$\{?([A-Z_]+)"));

static EVERYWHERE: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        // Addresses: whose domain says that it is yours, or that it is an example.
        r"(?i)\b((?:tu|su|mi|your|my|nuestro|our)-?_?(?:dominio|domain|api|app|aplicacion|sitio|site|web|website|empresa|company|org|sistema|system|servicio|service|server|servidor|host|backend|frontend|project|proyecto|saas|cluster|registry|bucket)[\w-]*(?:\.[a-z][\w-]*)*\.[a-z]{2,6})\b",
        r"(?i)\b((?:[a-z][\w-]*\.)?(?:example|ejemplo|yourdomain|mydomain|domain|dominio|midominio|tudominio|yourcompany|tuempresa|miempresa|mycompany|yourapp|mysite|acme)\.(?:com|org|net|io|local|dev|co|es|internal)(?:\.[a-z]{2})?)\b",
        // Names whose first word says whose they are.
        r"(?i)(?:^|[^\w.-])((?:tu|your|nuestro)[-_](?:[a-z0-9]+[-_]?)+)",
        r"(?:^|[^\w./-])((?:mi|my)[-_][a-z](?:[\w-]*\w)?)(?:$|[^\w.-]|\.(?:\s|$))",
        r"\b((?:YOUR|TU|MY)_[A-Z][A-Z0-9_]*)\b",
        r"(?:^|[\s@/:=\x22'.-])(IP_[A-Z_]+|[A-Z_]+_(?:HERE|AQUI|NUEV[AO])|NUEV[AO]_[A-Z_]+)(?:$|[\s@/:.,\x22'-])",
        r"(?:^|[^\w-])(your[A-Z]\w+)",
        r"\b(YOUR/[A-Z/]+|YOUR-[A-Z-]+)\b",
        // Crosses and dots in the place of a value.
        r"\b([A-Za-z]+(?:[_-][A-Za-z]+)*[_-]x{3,}\w*)\b",
        r"(?:^|[\s=/:'\x22@.-])(xxx)(?:$|[\s=/:'\x22@.,-])",
        r"(?:^|[\s=/:'\x22@-])(x{4,}|x{3}(?:[.-]x{3})+|x\.x\.x(?:\.x)?)\b",
        r"(?:=|:|\s|\x22|')((?:sk|pk|rk)_(?:live|test)_(?:\.{3}|x+|[A-Z]+_?HERE)\w*|whsec_(?:\.{3}|x+)\w*)",
        // Credentials and parts of addresses.
        r"://((?:user|usuario|username|usr|myuser|dbuser|db_user|admin|root|postgres)(?::(?:pass|password|passwd|pwd|contrase(?:ñ|n)a|clave|secret|mypassword|PASSWORD))@)",
        r"://(\w+:(?:pass|password|passwd|pwd|contrase(?:ñ|n)a|clave|secret|PASSWORD)@(?:host|hostname|servidor|HOST)\b)",
        r"@(host|hostname|db-host|dbhost|servidor|HOST)(?::|/|\s|$)",
        r"/(dbname|database|db_name|basededatos|nombre_db|mydb|mydatabase)(?:[\s\x22'?]|$)",
        r"(?i)\b((?:tu|your|nuev[oa]|new|el|the)[-_ ]?(?:super[-_]?)?(?:password|contrase(?:ñ|n)a|secret|secreto|clave|token|api[-_]?key|key|user|usuario|valor|value)(?:[-_]?\d+|[-_][a-z0-9]+)*)\b",
        r"(?i)(?:=|:\s?|\s|\x22|')((?:super[-_]?)?(?:secure|secret|strong|segura?|secreta?|change)[-_](?:me|password|secret|key|token|clave|contrase(?:ñ|n)a|random)(?:[-_][a-z0-9]+)*|changeme|changethis|replace[-_ ]?me|password123|secret123|s3cr3t|cambiar?me|cambia[-_]esto|reemplazar)\b",
        // Paths, documentation's networks, impossible addresses.
        r"(/?(?:path|ruta)/(?:to|a|al|hacia|de)(?:/[\w./-]*\w)?)",
        r"\b((?:192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}|1\.2\.3\.4|(?:\d{1,3}\.){3}(?:25[6-9]|2[6-9]\d|[3-9]\d\d)|(?:25[6-9]|2[6-9]\d|[3-9]\d\d)(?:\.\d{1,3}){3}|123\.456\.789\.\d+|\d{1,3}\.\d{1,3}\.(?:\d{1,3}|x)\.x)\b",
        // Identities that nobody has.
        r"(?:^|[^\w])((?:abc|xyz)[-_]?\d{2,}\w*|ABC[-_]?\d{2,}\w*|123abc|abcdef\w*)\b",
        r"\b((?:i|sg|vol|subnet|vpc|ami|snap|eni|rtb|eipalloc|lt|pcx)-0?(?:1234\w*|123abc\w*|abc\w*|x{3,}))\b",
        r"\b(123456789012|111122223333|AKIA[A-Z0-9]*EXAMPLE)\b",
        r"\b(123e4567-e89b-12d3-a456-426614174000|00000000-0000-0000-0000-000000000000|12345678-1234-1234-1234-123456789\w{3})\b",
    ])
});

static COMMANDS: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        // Options whose value is the name of their kind.
        r"(?:^|\s)(?:-[Uu] ?|--user(?:name)?[= ])(user|usuario|username|db_?user|myuser)\b(?:\s|$|:|')",
        r"(?:^|\s)(?:-d ?|--d(?:b)?name[= ]|--database[= ])(dbname|database|db_name|database_name|mydb|mydatabase|basededatos|base_de_datos|nombre_db|db)(?:\s|$)",
        r"(?:^|[\s@/:=\x22'.-])((?:POD|CONTAINER|NODE|SERVICE|DEPLOYMENT|NAMESPACE|CLUSTER|BUCKET|INSTANCE|USER|DB|DATABASE|TABLE|JOB|TASK|SNAPSHOT|BACKUP|IMAGE|COMMIT|SERVER|HOST|QUEUE|RELEASE|BRANCH|FILE|APP|PROJECT|ACCOUNT|VOLUME|DISTRIBUTION|CERT|STACK|FUNCTION|TOPIC|GROUP)_(?:NAME|ID|ARN|HASH|IP|FILE|TAG|SHA)|[A-Z]+_IP|[A-Z_]+_ANTERIOR|(?:NOMBRE|OLD|NEW)_[A-Z_]+|YYYYMMDD)(?:$|[\s@/:.,\x22'-])",
        r"(?:^|\s)(?:-h ?|--host(?:name)?[= ])(host|hostname|dbhost|db-host|servidor|server)(?:\s|$)",
        r"(?:^|\s)(?:-n ?|--namespace[= ])(namespace|my-namespace|your-namespace)(?:\s|$)",
        r"(?m)^\s*(?:export\s+)?PG(?:HOST|USER|PASSWORD|DATABASE)=(host|user|pass|password|dbname)\s*$",
        r"\bssh\s+(?:-\w+ \S+ )*((?:user|usuario|username)@[\w.-]+|\w+@(?:host|hostname|server|servidor|ip|server-ip|your\S*))(?:\s|$|:)",
        r"\b((?:user|usuario|username|email|correo)@(?:server|servidor|host|hostname|[\w-]+\.(?:com|internal|local)))\b",
        r"(?:^|\s)((?:container|pod|service|deployment|bucket|instance|queue|node|image|volume|secret|cluster|stack|function)[_-](?:name|id)|nombre[-_](?:del[-_])?\w+|id[-_](?:del[-_])?\w+)(?:\s|$|:|/)",
        // Dates and hours in names of files and in times to look at.
        r"((?:[\w.-]|/)*(?:19|20)\d{2}[-_]?(?:0[1-9]|1[0-2])[-_]?(?:0[1-9]|[12]\d|3[01])(?:[-_T]?\d{2,6})?(?:[-_]?\d{2})*[\w.-]*\.(?:sql|gz|dump|tar|tgz|zip|bak|rdb|json|csv|log|backup|bz2|zst|xz|enc|gpg|yaml|yml|pgdump|custom|archive|aof|db|sqlite3?)[\w.]*)",
        r"(?:[/_-])((?:19|20)\d{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:[T_-]\d{2}[:-]?\d{2}(?:[:-]?\d{2})?)?)(?:/|\s|$|\x22|')",
        r"(?:^|[\s/_])((?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[_T-]\d{4,6})?)(?:$|[\s/])",
        r"(?:^|[\s=\x22'])((?:19|20)\d{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[T ]\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?Z?)(?:$|[\s\x22'])",
        r"(?:--since|--until|--since-time|--after|--before|--time|--target-time|--start-time|--end-time|--from|--to|--restore-to-time)[= ][\x22']?((?:19|20)\d{2}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?Z?)?)",
        r"(?:[=<>] ?|BETWEEN |AND )'((?:19|20)\d{2}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[+-]\d\d)?Z?)?)'",
        // Versions as the reader's own.
        r"(?i)\b(?:[A-Z_]*(?:TAG|VERSION|RELEASE)=|checkout |checkout tags/|rollback\S* |deploy\S* |tag (?:-\w+ )?|release |upgrade |--version[= ]|--tag[= ]|origin |redeploy |promote |revert )[\x22']?(v?\d+\.\d+\.\d+(?:-[\w.]+)?)\b",
        r"(?:^|[\s=\x22'])(v\d+\.\d+\.\d+(?:-[\w.]+)?)(?:$|[\s\x22'])",
        r"(?:^|[\s=])[a-z][\w./-]*/?[\w-]+:(v\d+\.\d+(?:\.\d+)?(?:-[\w.]+)?)(?:\s|$|\x22|')",
        // Names that controllers make up.
        r"(?:^|[\s/])([a-z][a-z0-9-]*-[a-f0-9]{8,10}-[a-z0-9]{5})(?:\s|$)",
        r"\b(?:kubectl|oc|k)\b[^|;\n]*\b(?:logs|exec|describe pod|delete pod|port-forward|cp|top pod)\b[^|;\n]*?\s(?:pods?/)?([a-z][a-z0-9-]*-(?:[a-z0-9]{2,4}[0-9][a-z0-9]{0,2}|[a-z0-9][0-9][a-z0-9]{3}|[0-9][a-z0-9]{4}))(?:\s|$|:)",
        // Numbers that stand for whichever one.
        r"\bkill\s+(?:-\w+\s+)?(1234\d*)\b",
        r"(?i)(?:pg_terminate_backend|pg_cancel_backend)\((\d{3,6})\)",
        r"(?:^|[\s=/'\x22:])(foo|bar|baz|foobar)(?:$|[\s/'\x22;])",
        r"(?i)(?:where|and)\s+\x22?\w*id\x22?\s*=\s*'?(1234?5?6?|42|999|uuid|some[-_]id)'?(?:[\s;)]|$)",
        r"\b([a-z]+(?:_[a-z]+)*_(?:here|aqui))\b",
        // Tables of no database.
        r"(?i)\b(?:on|from|into|table|update|join)\s+(table_?name|(?:my|your|mi|tu|some)_(?:table|tabla)|nombre_(?:de_)?(?:la_)?tabla)\b",
        // An omission.
        r"(?m)\S[ \t](\.\.\.)(?:\s|$|\x22|')",
        r"\w=[\x22']?(\.\.\.)(?:/|\s|$|\x22|')",
        r"[ =\x22'](\w{2,12}[-_]\.\.\.)(?:\s|$|\x22|')",
        // A disk or a file that is whichever one.
        r"(/dev/(?:(?:sd|vd|xvd|hd)[XYx]\d?|nvme(?:Xn\w+|\dnX\w*)|disk[XN]\w*))\b",
        r"(?:^|[\s=/'\x22])((?:archivo|fichero|nombre[-_](?:de[-_])?archivo|file[-_]?name|mi[-_]?archivo|my[-_]?file|some[-_]?file)\.[a-z]\w{1,5}(?:\.gz)?)(?:\s|$|['\x22])",
        // What the comment behind it says to replace.
        r"(?im)(\S+)[ \t]+(?:#|//|--)[ \t]*(?:cambia(?:r|lo|la)? (?:por|esto|este|esta|a tu|seg)|reempla(?:za|zar|ce|zalo|zarlo)\b|sustitu(?:ye|ir|irlo|yelo)\b|ajusta(?:r|lo)? (?:a |al |esto|seg)|pon(?:er|ga)? (?:tu|el|la)\b|replace\b|change (?:this|it|me|to your|as)|adjust (?:this|to|as|for)|substitute\b|set (?:this )?to your|(?:use )?your (?:own )?[a-z]|(?:usa(?:r)? )?tu (?:propi[oa] )?[a-z])",
    ])
});

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut spans = examples(text, BlockClass::Shell);
        spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
        spans.dedup_by(|later, earlier| later.start < earlier.end);
        spans.into_iter().map(|span| &text[span]).collect()
    }

    #[test]
    fn examples_are_found() {
        for (text, expected) in [
            ("curl https://api.tu-dominio.com/health", "tu-dominio.com"),
            ("curl https://tu-api.com/health", "tu-api.com"),
            ("pm2 logs tu-api", "tu-api"),
            ("docker logs -f tu-api-container", "tu-api-container"),
            ("curl https://app.example.com", "app.example.com"),
            ("stripe events resend evt_xxx", "evt_xxx"),
            ("X=sk_live_xxx", "sk_live_xxx"),
            ("psql -U user -l", "user"),
            ("pg_isready -d dbname", "dbname"),
            ("/path/to/scripts/backup.sh", "/path/to/scripts/backup.sh"),
            ("gunzip backup_20241201_020000.sql.gz", "backup_20241201_020000.sql.gz"),
            ("psql < backup-2026-02-19.sql", "backup-2026-02-19.sql"),
            ("make db-restore FILE=backup_2025_11_07.sql", "backup_2025_11_07.sql"),
            ("export DEPLOY_TAG=v1.2.3", "v1.2.3"),
            ("docker build -t shop/backend:v1.2.0 .", "v1.2.0"),
            ("git checkout v1.1.0", "v1.1.0"),
            ("NEXTAUTH_SECRET=nuevo-secret-seguro", "nuevo-secret-seguro"),
            ("deny 123.456.789.0;", "123.456.789.0"),
            ("redis-cli GET tenant:abc123", "abc123"),
            ("kubectl logs api-7d9f8b6c5d-x2k4p", "api-7d9f8b6c5d-x2k4p"),
            ("ssh user@production", "user@production"),
            ("PGHOST=host", "host"),
            ("psql -c \"CREATE INDEX i ON table_name (a)\"", "table_name"),
            ("ANALYZE VERBOSE table_name_here;", "table_name_here"),
            ("mkfs.xfs /dev/sdX1", "/dev/sdX1"),
            ("sox archivo.wav -n stat", "archivo.wav"),
            ("tail \"/srv/logs/run=.../attempt.log\"", "..."),
            ("helm install x --set key=tsk-...", "tsk-..."),
            ("user.password = \"NuevaClave123!\"", "NuevaClave123"),
            ("restore orders.live  # cambiar por la tabla a recuperar", "orders.live"),
            ("aws s3 ls s3://shop-dumps  # replace with the bucket of the country", "s3://shop-dumps"),
        ] {
            assert!(found(text).contains(&expected), "{text}: {:?}", found(text));
        }
    }

    #[test]
    fn every_pattern_compiles_and_has_a_group() {
        for patterns in [&*EVERYWHERE, &*COMMANDS] {
            for (pattern, _) in &patterns.each {
                assert_eq!(compile(pattern).group_count(), 1, "{pattern}");
            }
        }
    }

    #[test]
    fn real_names_are_not_examples() {
        for text in [
            "pg_dump shop > backup_$(date +%Y%m%d).sql",
            "kubectl get pods -n shop-prod",
            "curl http://localhost:3000/health",
            "psql -U shop -d shop_prod",
            "cat /etc/mysql/my.cnf",
            "apt-get install -y curl",
            "docker exec -it shop-db bash",
            "tail -f /var/log/nginx/error.log",
            "git push origin main",
            "sleep 1234",
            "find . -name '*.log' -mtime +30",
            "npm run test:e2e",
            "go test ./...",
            "sed -i 's/TU_DOMINIO/shop.test/g' /etc/nginx/conf.d/shop.conf",
            "psql -c \"SELECT table_name FROM information_schema.tables\"",
            "git diff main...feature",
            "kubectl config use-context prod  # change to prod",
            "systemctl restart api  # aplicar el cambio",
        ] {
            assert_eq!(found(text), Vec::<&str>::new(), "{text}");
        }
    }
}
