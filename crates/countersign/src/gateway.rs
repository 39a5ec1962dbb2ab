use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::Args;
use countersign_server::{
    FrontConfig, Gateway, GatewayParts, Serving, State, UpstreamError, UpstreamPlace,
};

use crate::epilogue::{Example, epilogue};
use crate::exit::Exit;
use crate::failure::{Hint, hinted};
use crate::loaded::Loaded;
use crate::look::Look;
use crate::serve::ENDINGS;
use crate::ui;

/// Stand before a service that cannot do TLS: decide who may call, and tell it who calls.
///
/// Ends mutual TLS as `serve` does, decides by the routes of the configuration, and passes on what is allowed with
/// the caller's certificate in headers. WebSockets are not passed on.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &ENDINGS))]
pub(crate) struct GatewayArgs {
    /// The configuration, as TOML: that of a server, with `[[routes]]` and `[upstream]`.
    #[arg(long, value_name = "FILE", default_value = "fixtures/gateway.toml")]
    config: PathBuf,

    /// The service: `http://HOST:PORT` on the loopback, `https://HOST:PORT` or `unix:/PATH` [default: `url` of
    /// `[upstream]`].
    #[arg(long, value_name = "URL")]
    upstream: Option<UpstreamPlace>,

    #[command(flatten)]
    look: Look,
}

const EXAMPLES: [Example; 3] = [
    (
        "Before a service on port 3000 of this machine, after `countersign pki init`",
        "countersign gateway --config fixtures/gateway.toml --upstream http://127.0.0.1:3000",
    ),
    (
        "Before a restart",
        "countersign gateway --config fixtures/gateway.toml --check",
    ),
    (
        "Who may call what",
        "countersign gateway --config fixtures/gateway.toml --routes",
    ),
];

/// `countersign gateway`.
pub(crate) async fn run(args: GatewayArgs) -> Result<Exit> {
    let loaded = Loaded::load(&args.config, !args.look.check).await?;
    let front = front(&loaded)?;
    if args.look.printed(&front.routes) {
        return Ok(Exit::Done);
    }
    let warnings = loaded.warnings(&front.routes);
    let place = args.upstream.clone();
    let place = place.or_else(|| front.upstream.place.clone());
    let place = place
        .ok_or_else(|| anyhow!("nothing says where the service is"))
        .hint("--upstream URL, or `url` in `[upstream]`")?;
    let parts = parts(&loaded, &front, &place).await?;
    if args.look.check {
        return loaded.check(warnings, args.look.json);
    }
    ui::warnings(&warnings);
    ui::note(format!("passing on to {place}"));
    let start = async |addresses, live, audit| -> Result<Serving, _> {
        let gateway = Gateway::start(addresses, parts, live, audit).await;
        gateway.map(Into::into)
    };
    loaded.serve(front.routes, State::default(), start).await?;
    Ok(Exit::Done)
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
