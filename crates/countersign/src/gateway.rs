use anyhow::{Result, anyhow};
use countersign_server::{
    FrontConfig, Gateway, GatewayParts, Serving, State, UpstreamError, UpstreamPlace,
};

use crate::cli::GatewayArgs;
use crate::failure::{Hint, hinted};
use crate::loaded::Loaded;
use crate::serve::print_routes;
use crate::ui;

/// `countersign gateway`.
pub(crate) async fn run(args: GatewayArgs) -> Result<()> {
    let loaded = Loaded::load(&args.config, !args.check).await?;
    let front = front(&loaded)?;
    if let Some(format) = args.routes {
        print_routes(&front.routes, format);
        return Ok(());
    }
    loaded.warn(&front.routes);
    let place = args.upstream.clone();
    let place = place.or_else(|| front.upstream.place.clone());
    let place = place
        .ok_or_else(|| anyhow!("nothing says where the service is"))
        .hint("--upstream URL, or `url` in `[upstream]`")?;
    let parts = parts(&loaded, &front, &place).await?;
    if args.check {
        return loaded.check();
    }
    ui::note(format!("passing on to {place}"));
    let start = async |addresses, live, audit| -> Result<Serving, _> {
        let gateway = Gateway::start(addresses, parts, live, audit).await;
        gateway.map(Into::into)
    };
    loaded.serve(front.routes, State::default(), start).await
}

fn front(loaded: &Loaded) -> Result<FrontConfig> {
    let front = loaded.config.front.clone();
    let front = front.filter(|front| !front.routes.lines().is_empty());
    let file = loaded.config.file.display();
    front
        .ok_or_else(|| anyhow!("`{file}` has no routes: nobody could call anything"))
        .hint("say with `[[routes]]` who may call what; `countersign serve` needs none")
}

async fn parts(
    loaded: &Loaded,
    front: &FrontConfig,
    place: &UpstreamPlace,
) -> Result<GatewayParts> {
    let clock = loaded.clock.clone();
    let parts = GatewayParts::new(front.clone(), place.clone(), clock).await;
    parts.map_err(|error| match &error {
        UpstreamError::Exposed { .. } => hinted(
            error,
            "use https, or say `beyond_loopback = true` in `[upstream]`: whoever is on the way can then read \
             and write everything",
        ),
        _ => error.into(),
    })
}
