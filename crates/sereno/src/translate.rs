//! The help in Spanish: the English words of the command line, each with its translation. A test asks that none is
//! missing.

use clap::Command;
use sereno_model::Lang;

/// English and Spanish, for every help text of the command line.
const WORDS: &[(&str, &str)] = &[
    (
        "Reads your operations runbook, and walks it with you on the live system",
        "Lee su runbook de operaciones y lo recorre con usted sobre el sistema vivo",
    ),
    (
        "The settings file; the nearest sereno.toml upwards when not given",
        "El archivo de configuración; si no se da, el sereno.toml más cercano hacia arriba",
    ),
    (
        "What goes to stdout: text for people, json for machines",
        "Lo que va a stdout: text para personas, json para máquinas",
    ),
    (
        "The language of messages; that of the locale when not given",
        "El idioma de los mensajes; si no se da, el de la configuración regional",
    ),
    ("SARIF 2.1.0, for code hosts (only `check`)", "SARIF 2.1.0, para los servicios de código (solo `check`)"),
    (
        "Looks at the project in this directory, and writes down what it found as sereno.toml",
        "Mira el proyecto de este directorio y anota lo que encontró en sereno.toml",
    ),
    (
        "Servers with systemd whose own units are the system: `ssh://deploy@web-1`",
        "Servidores con systemd cuyas unidades propias son el sistema: `ssh://deploy@web-1`",
    ),
    ("Only show what would be written", "Solo mostrar qué se escribiría"),
    (
        "A file of settings for ssh, relative to this directory",
        "Un archivo de configuración de ssh, relativo a este directorio",
    ),
    (
        "A context of the kubeconfig: its cluster is where the system lives",
        "Un contexto del kubeconfig: su cluster es donde vive el sistema",
    ),
    (
        "The namespace in the cluster; the context's own when it is not named",
        "El namespace en el cluster; si no se nombra, el del contexto",
    ),
    (
        "A kubeconfig, relative to this directory; the one that kubectl would use when it is not named",
        "Un kubeconfig, relativo a este directorio; si no se nombra, el que usaría kubectl",
    ),
    (
        "Says what is wrong with a runbook before the night it is needed",
        "Dice qué está mal en un runbook antes de la noche en que haga falta",
    ),
    ("Shows what was understood of a runbook", "Muestra qué se entendió de un runbook"),
    ("Says what a command does and how risky it is", "Dice qué hace un comando y qué tan riesgoso es"),
    (
        "Shows what a run of a procedure would do, without doing it",
        "Muestra qué haría una ejecución de un procedimiento, sin hacerlo",
    ),
    (
        "Walks a procedure, step by step, on the live system",
        "Recorre un procedimiento, paso a paso, sobre el sistema vivo",
    ),
    ("Lists, shows, resumes, cancels and undoes runs", "Lista, muestra, retoma, cancela y deshace ejecuciones"),
    (
        "Shows what happened to components lately, as far as their platform remembers",
        "Muestra qué les pasó a los componentes últimamente, hasta donde su plataforma recuerda",
    ),
    (
        "Shows the versions of a component that are still there to go back to",
        "Muestra las versiones de un componente a las que todavía se puede volver",
    ),
    (
        "Shows the environment that a component is given, its secrets hidden",
        "Muestra el entorno que recibe un componente, con sus secretos ocultos",
    ),
    (
        "Shows what takes the room on the disks, the largest first, and whose it is",
        "Muestra qué ocupa los discos, lo más grande primero, y de quién es",
    ),
    ("Copies one file out of a component, for the record", "Copia un archivo de un componente, y queda constancia"),
    ("Only what somebody should look at", "Solo lo que alguien debería mirar"),
    (
        "Compare it with the names that this file declares, such as .env.example; exit with 1 when one is missing",
        "Compararlo con los nombres que declara este archivo, como .env.example; terminar con 1 si falta alguno",
    ),
    ("The file: a component, a colon, and its path there", "El archivo: un componente, dos puntos y su ruta ahí"),
    (
        "Where to put it: a file, a folder, or `-` for standard output",
        "Dónde ponerlo: un archivo, un directorio, o `-` para la salida estándar",
    ),
    (
        "From this instance; the first that is ready when not given",
        "De esta instancia; si no se da, la primera que esté lista",
    ),
    ("Write over a file that is there", "Escribir encima de un archivo que ya existe"),
    ("Says yes to what a run is waiting for", "Da el sí a lo que una ejecución está esperando"),
    ("Verifies and exports the journal", "Verifica y exporta la bitácora"),
    ("Exit with 1 from this severity on", "Terminar con 1 desde esta severidad"),
    ("Lists the procedures of the runbooks", "Lista los procedimientos de los runbooks"),
    ("Prints a runbook as it was understood", "Imprime un runbook tal como se entendió"),
    ("Only this procedure", "Solo este procedimiento"),
    ("Prints everything that was recovered, as JSON", "Imprime todo lo que se recuperó, como JSON"),
    (
        "Says of how many steps Sereno can run, need a value, are a person's or a query, or were not understood, and why",
        "Dice de cuántos pasos puede encargarse Sereno, cuántos necesitan un valor, son de una persona o una consulta, o no se entendieron, y por qué",
    ),
    (
        "The command, as one argument; `-` reads it from standard input",
        "El comando, como un solo argumento; `-` lo lee de la entrada estándar",
    ),
    ("The text is SQL, not shell", "El texto es SQL, no shell"),
    (
        "The procedure: its id, its title or a part of it; accents do not matter",
        "El procedimiento: su id, su título o una parte; los acentos no importan",
    ),
    (
        "The runbook; those of the settings, or RUNBOOK.md, when not given",
        "El runbook; si no se da, los de la configuración o RUNBOOK.md",
    ),
    ("A value for a placeholder of the runbook", "Un valor para un marcador del runbook"),
    (
        "Which of several options to take (`Opción 2`); again for the next group of options",
        "Cuál de varias opciones tomar (`Opción 2`); otra vez para el siguiente grupo de opciones",
    ),
    ("Only these steps: `1,3-5`", "Solo estos pasos: `1,3-5`"),
    (
        "The operator's yes to the changes of the plan, given beforehand. It never stands for a second person",
        "El sí de quien opera a los cambios del plan, dado de antemano. Nunca vale por una segunda persona",
    ),
    ("Why, for the journal", "Por qué, para la bitácora"),
    (
        "Without a terminal: wait for the approval of another person instead of leaving with code 4",
        "Sin terminal: esperar la aprobación de otra persona en vez de salir con código 4",
    ),
    ("Leave out the steps that only a person can do", "Omitir los pasos que solo puede hacer una persona"),
    ("How long a step may take: `90s`, `10m`, `2h`", "Cuánto puede tardar un paso: `90s`, `10m`, `2h`"),
    ("Lists runs, newest first", "Lista las ejecuciones, las más nuevas primero"),
    ("Only runs that have not ended", "Solo las que no han terminado"),
    (
        "Shows one run: its steps, outcomes, approvals and output",
        "Muestra una ejecución: sus pasos, resultados, aprobaciones y salida",
    ),
    ("Print the output of the steps too", "Imprimir también la salida de los pasos"),
    (
        "Takes a run up where it stands, after learning how a step that was running ended",
        "Retoma una ejecución donde quedó, después de saber cómo terminó el paso que estaba en curso",
    ),
    (
        "Gives a run up, ending the step that runs and everything it started",
        "Abandona una ejecución, terminando el paso en curso y todo lo que inició",
    ),
    (
        "Walks the runbook's own rollback of a run that changed something",
        "Recorre el rollback del propio runbook para una ejecución que cambió algo",
    ),
    ("Run the step that stopped it again, for this reason", "Ejecutar de nuevo el paso que la detuvo, por este motivo"),
    ("Leave the step that stopped it out, for this reason", "Omitir el paso que la detuvo, por este motivo"),
    (
        "The step that stopped it is done (by hand, or it was after all), for this reason",
        "El paso que la detuvo está hecho (a mano, o lo estaba después de todo), por este motivo",
    ),
    (
        "Take the runbook's own \"if it fails\" steps, for this reason",
        "Tomar los pasos \"si falla\" del propio runbook, por este motivo",
    ),
    (
        "The word that the runbook demands, typed here instead of at the prompt",
        "La palabra que exige el runbook, escrita aquí en vez de en la pregunta",
    ),
    (
        "The digest that you read, so that nothing else is approved",
        "La huella que leyó, para que no se apruebe otra cosa",
    ),
    (
        "Checks the chain of the journal, or of an exported file, and names any entry that was touched",
        "Revisa la cadena de la bitácora, o de un archivo exportado, y nombra toda entrada que se haya tocado",
    ),
    ("An exported file instead of the journal", "Un archivo exportado en vez de la bitácora"),
    (
        "The head that was printed after a run: `SEQ:HASH`. A journal cut short or rewritten whole shows against it",
        "La cabeza que se imprimió después de una ejecución: `NÚMERO:HASH`. Contra ella se nota una bitácora cortada o reescrita entera",
    ),
    (
        "Writes the journal as JSON Lines that verify offline",
        "Escribe la bitácora como JSON Lines que se verifican sin conexión",
    ),
    ("To this file; standard output when not given", "A este archivo; si no se da, a la salida estándar"),
    (
        "Starts what is declared and does not run, in the order of what it needs, and waits until each is ready",
        "Inicia lo declarado que no está en marcha, en el orden de lo que necesita, y espera hasta que cada uno esté listo",
    ),
    (
        "Ends everything, or the named components, and keeps nothing to resume; volumes and containers stay",
        "Termina todo, o los componentes nombrados, y no guarda nada que reanudar; los volúmenes y contenedores quedan",
    ),
    (
        "Shows every component: whether it does its work, since when, and what is wrong",
        "Muestra cada componente: si hace su trabajo, desde cuándo, y qué está mal",
    ),
    (
        "Shows what components write, several of them merged by time",
        "Muestra lo que escriben los componentes, varios mezclados por hora",
    ),
    (
        "Runs a program inside a component, for the record, and ends with its code",
        "Ejecuta un programa dentro de un componente, dejando registro, y termina con su código",
    ),
    (
        "In this instance; the first that is ready when not given",
        "En esta instancia; si no se da, la primera que esté lista",
    ),
    ("Give the program a terminal of its own", "Dar al programa una terminal propia"),
    (
        "The program and its words, after `--`. No shell reads them",
        "El programa y sus palabras, después de `--`. Ningún shell las lee",
    ),
    (
        "Replaces the processes of a component, and waits until it is ready again",
        "Reemplaza los procesos de un componente y espera hasta que esté listo otra vez",
    ),
    (
        "Sets how many instances a component has, or what each may use",
        "Fija cuántas instancias tiene un componente, o cuánto puede usar cada una",
    ),
    (
        "Emergency stop: ends everything, or the named components, shows the maintenance page, and remembers what ran",
        "Parada de emergencia: termina todo, o los componentes nombrados, muestra la página de mantenimiento, y recuerda qué estaba en marcha",
    ),
    (
        "Takes away the instances that are stuck at their end, without waiting for them",
        "Quita las instancias atascadas al terminar, sin esperarlas",
    ),
    (
        "Only of this component; of all of them when none is named",
        "Solo de este componente; de todos si no se nombra ninguno",
    ),
    (
        "Puts back exactly what the last stop ended, then takes its maintenance page away",
        "Vuelve a poner en marcha exactamente lo que terminó la última parada, y después quita su página de mantenimiento",
    ),
    (
        "Carries one step of an operation's plan out; only a run may",
        "Realiza un paso del plan de una operación; solo puede hacerlo una ejecución",
    ),
    ("Only these components", "Solo estos componentes"),
    ("Only these components; all of them when none is named", "Solo estos componentes; todos si no se nombra ninguno"),
    ("Only these components; everything when none is named", "Solo estos componentes; todo si no se nombra ninguno"),
    ("Go on with what comes", "Seguir con lo que llegue"),
    (
        "Not older than this: `10m`, `2h`, `3d`, or a time such as `2026-11-26T10:00:00Z`",
        "No más viejo que esto: `10m`, `2h`, `3d`, o un momento como `2026-11-26T10:00:00Z`",
    ),
    (
        "Only the last lines of each instance; 100 when neither this nor --since is given",
        "Solo las últimas líneas de cada instancia; 100 si no se da esto ni --since",
    ),
    ("Only lines that match this regular expression", "Solo líneas que cumplan esta expresión regular"),
    (
        "Only lines at least this grave; the lines that follow one without a level of their own belong to it",
        "Solo líneas de esta gravedad o más; las que siguen a una sin nivel propio son parte de ella",
    ),
    (
        "JSON lines as they are, instead of their message and fields",
        "Las líneas JSON como son, en vez de su mensaje y campos",
    ),
    ("Only show what would be done", "Solo mostrar qué se haría"),
    ("How many instances", "Cuántas instancias"),
    (
        "How much processor an instance may use: `0.5`, `2`, `500m`",
        "Cuánto procesador puede usar una instancia: `0.5`, `2`, `500m`",
    ),
    ("How much memory an instance may use: `256M`, `1G`", "Cuánta memoria puede usar una instancia: `256M`, `1G`"),
    ("Shows the maintenance page, or takes it away", "Muestra la página de mantenimiento, o la quita"),
    ("Shows it to everybody: nobody is served any more", "La muestra a todos: ya no se atiende a nadie"),
    ("Takes it away, and puts back exactly what was there", "La quita, y repone exactamente lo que había"),
    (
        "Reads a credential in an emergency: with a reason, a second person's yes, for some minutes, and for the record",
        "Lee una credencial en una emergencia: con un motivo, el sí de otra persona, por unos minutos, y con registro",
    ),
    (
        "Asks that whoever runs this may read credentials for some minutes",
        "Pide que quien ejecuta esto pueda leer credenciales durante unos minutos",
    ),
    (
        "Prints what an open reveal lets this person read; each time is an entry of the journal",
        "Imprime lo que una revelación abierta deja leer a esta persona; cada vez es un registro de la bitácora",
    ),
    ("Ends a reveal before its time is over", "Termina una revelación antes de su hora"),
    (
        "A component, or a secret of Kubernetes with its key: `secret/NAME#KEY`",
        "Un componente, o un secreto de Kubernetes con su clave: `secret/NOMBRE#CLAVE`",
    ),
    ("The variables, or more keys of that secret", "Las variables, o más claves de ese secreto"),
    ("For how long", "Durante cuánto tiempo"),
    (
        "Into a new file that only this user can read, instead of the terminal",
        "A un archivo nuevo que solo este usuario puede leer, en vez de la terminal",
    ),
];

/// The command line in a language.
pub(crate) fn command(command: Command, lang: Lang) -> Command {
    match lang {
        Lang::En => command,
        Lang::Es => spanish(command),
    }
}

fn spanish(mut command: Command) -> Command {
    if let Some(es) = command.get_about().and_then(|about| translation(&about.to_string())) {
        command = command.about(es);
    }
    command = command.mut_args(|arg| match arg.get_help().and_then(|help| translation(&help.to_string())) {
        Some(es) => arg.help(es),
        None => arg,
    });
    command.mut_subcommands(spanish)
}

fn translation(english: &str) -> Option<&'static str> {
    WORDS.iter().find(|(en, _)| *en == english).map(|(_, es)| *es)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory as _;

    fn untranslated(command: &Command, missing: &mut Vec<String>) {
        let about = command.get_about().map(ToString::to_string);
        let helps = command.get_arguments().filter_map(|arg| arg.get_help().map(ToString::to_string));
        missing.extend(about.into_iter().chain(helps).filter(|text| translation(text).is_none()));
        command.get_subcommands().for_each(|sub| untranslated(sub, missing));
    }

    #[test]
    fn every_help_text_has_a_translation_and_no_translation_is_left_over() {
        let command = Cli::command();
        let mut missing = Vec::new();
        untranslated(&command, &mut missing);
        assert!(missing.is_empty(), "{missing:#?}");
    }
}
