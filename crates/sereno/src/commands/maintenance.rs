//! `sereno maintenance on|off`: the page that people see while the system is not there for them.

use super::operation::{carry_out, read, state_of};
use crate::context::{Context, store_failure};
use crate::exit::Exit;
use crate::report::{Failure, Result};
use crate::service_args::MaintenanceCommand;
use crate::system::{self, failure};
use sereno_operations::service::{Page, PageBy, Request, Turn};
use sereno_store::RunFilter;

pub(crate) async fn maintenance(context: &Context, command: &MaintenanceCommand) -> Result<Exit> {
    let page = system::page(context)?.ok_or_else(|| {
        Failure::new(Exit::Usage, "no maintenance page is set up", "no hay una página de mantenimiento configurada")
            .hint("[maintenance] in sereno.toml says how", "[maintenance] en sereno.toml dice cómo")
    })?;
    let (turn, args) = match command {
        MaintenanceCommand::On(args) => {
            let platform = system::platform(context).await?;
            (page.turn_on(platform.as_ref()).await.map_err(|error| failure(&error))?, args)
        }
        MaintenanceCommand::Off(args) => (turn_off(context, &page).await?, args),
    };
    carry_out(context, &Request::Maintenance { turn }, &args.operation).await
}

/// A file is taken away; an ingress is put back to what it was when a run of this journal turned it.
async fn turn_off(context: &Context, page: &Page) -> Result<Turn> {
    if let PageBy::File { .. } = page.by {
        let platform = system::platform(context).await?;
        return Ok(page.turn_on(platform.as_ref()).await.map_err(|error| failure(&error))?.back());
    }
    const FAR_ENOUGH: u64 = 50;
    let (store, who) = (context.store().await?, context.store_context());
    let mut rows = Vec::new();
    for name in ["maintenance", "stop"] {
        let of = RunFilter { procedure: Some(name.to_owned()), ..RunFilter::default() };
        rows.extend(store.runs(&who, &of, FAR_ENOUGH).await.map_err(|error| store_failure(&error))?);
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.first_seq));
    for row in rows {
        let (_, state) = state_of(&who, &store, &row.id).await?;
        // A runbook may have a procedure of that name; a run that never got so far has turned nothing.
        let undo = state.plan.operation().and_then(|operation| operation.undo.clone());
        let Some(undo) = undo.filter(|_| !state.changed().is_empty()) else { continue };
        if let Request::Maintenance { turn } | Request::Resume { page: Some(turn), .. } = read(undo)?
            && !turn.on
            && page.is_of(&turn)
        {
            return Ok(turn);
        }
    }
    Err(Failure::new(
        Exit::Refused,
        "no run has shown the maintenance page: nobody knows what was there before it",
        "ninguna ejecución mostró la página de mantenimiento: no se sabe qué había antes",
    ))
}
