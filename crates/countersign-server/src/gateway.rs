//! Who is calling a service that cannot do TLS itself, and may they?

mod connector;

mod naming;
pub use naming::Naming;

mod failure;

mod forwarder;

mod head;

mod paced;

mod place;
pub use place::{NoUpstream, UpstreamPlace};

mod target;

mod upstream;
pub use upstream::UpstreamError;

use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use countersign_axum::{Api, Audit, Limits, Live, RouteTableError};
use countersign_tls::Clock;

use self::forwarder::Forwarder;
use self::upstream::Upstream;
use crate::serving::{Addresses, Served, Serving, StartError};
use crate::{FrontConfig, UpstreamConfig};

/// A gateway, running: TLS, callers and permissions before a service that knows none of them.
///
/// Each request is decided as in any other [`Api`]; what is refused never reaches the service. What is allowed is passed on with
/// the caller's certificate in headers, and without any such header that came with it.
///
/// Dropping it leaves it running until the runtime ends; [`stop`](Self::stop) ends it in order.
#[derive(Debug)]
pub struct Gateway(Serving);

/// A gateway that does not listen yet: its routes, and the way to the service.
#[derive(Debug)]
pub struct GatewayParts {
    config: FrontConfig,
    upstream: Upstream,
}

impl GatewayParts {
    /// Reads what is presented to the service, and whom it is trusted by. Nothing is sent.
    ///
    /// # Errors
    ///
    /// The way to the service is none that may be gone, or a file is missing or wrong.
    pub async fn new(
        config: FrontConfig,
        place: UpstreamPlace,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, UpstreamError> {
        let upstream = Upstream::new(&config.upstream, place, clock).await?;
        Ok(Self { config, upstream })
    }

    /// The routes, each under its rule.
    fn router(self, live: Live) -> Result<Router, RouteTableError> {
        let table = self.config.routes;
        let forwarder = Arc::new(Forwarder::new(live.clone(), &table, self.upstream)?);
        let handler = move |request: Request| {
            let forwarder = Arc::clone(&forwarder);
            async move { forwarder.forward(request).await }
        };
        Ok(Api::new(live).tabled(&table, handler)?.into_router())
    }

    fn limits(&self) -> Limits {
        let UpstreamConfig { body, .. } = self.config.upstream;
        let mut limits = Limits::default();
        limits.body = body.unwrap_or(limits.body);
        limits
    }
}

impl Gateway {
    /// Binds every listener, then serves on them in the background.
    ///
    /// # Errors
    ///
    /// An address is taken, or may not be bound; or a route cannot be served.
    pub async fn start(
        addresses: Addresses,
        parts: GatewayParts,
        live: Live,
        audit: Audit,
    ) -> Result<Self, StartError> {
        let limits = parts.limits();
        let table = parts.config.routes.clone();
        let served = Served {
            table,
            router: parts.router(live.clone())?,
            tokens: None,
        };
        let serving = Serving::start(addresses, served, limits, live, audit);
        serving.await.map(Self)
    }

    /// As [`Serving::stop`].
    pub async fn stop(self) {
        self.0.stop().await;
    }
}

impl Deref for Gateway {
    type Target = Serving;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl From<Gateway> for Serving {
    fn from(gateway: Gateway) -> Self {
        gateway.0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::{Body, to_bytes};
    use countersign_axum::{
        Anchors, Connection, Credential, Directory, RouteTable, Trust, TrustSnapshot,
    };
    use countersign_identity::NameRules;
    use countersign_pki::Authority;
    use jiff::Timestamp;
    use tower::ServiceExt;

    use super::*;

    /// The time of RFC 9440.
    #[derive(Debug)]
    struct Then;

    impl Clock for Then {
        fn now(&self) -> Timestamp {
            "2020-06-01T00:00:00Z".parse().unwrap()
        }
    }

    macro_rules! vector {
        ($name:literal) => {
            include_str!(concat!("../../../fixtures/vectors/rfc9440-", $name))
        };
    }

    /// Whose client the certificate of the example belongs to.
    fn live() -> Live {
        let root = Authority::root("Servers", Then.now()).unwrap();
        let server = root.server(Then.now()).dns("localhost").issue().unwrap();
        let (chain, key) = (server.chain_pem(), server.key_pem());
        let server = Credential::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
        let anchors = Anchors::from_pem(vector!("figure1-root.pem").as_bytes()).unwrap();
        let name = "email:bdc@example.com";
        let names = NameRules::new("email".parse().unwrap(), [name.parse().unwrap()]);
        let trust = Trust::new("example".parse().unwrap(), anchors, names);
        let clock = Arc::new(Then);
        let trusts = TrustSnapshot::new(server, vec![trust], clock.clone()).unwrap();
        let policy = format!(
            "version = 1\n[principals.bdc]\nidentities = [{{ trust = \"example\", name = \"{name}\" }}]"
        );
        Live::new(trusts, Directory::from_toml(&policy).unwrap(), clock)
    }

    /// What a service is told of a request by the client of the example.
    async fn told(path: &str) -> Vec<String> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = format!("http://{}", listener.local_addr().unwrap());
        let tell = async |request: Request| {
            let headers = request.headers();
            let text = |name| headers.get(name).map(|value| value.to_str().unwrap());
            [text("client-cert"), text("client-cert-chain")]
                .map(Option::unwrap_or_default)
                .join("\n")
        };
        let service = Router::new().fallback(tell);
        tokio::spawn(async move { axum::serve(listener, service).await });
        let routes = r#"[{"method": "GET", "path": "/a", "access": "open"}]"#;
        let config = FrontConfig {
            routes: RouteTable::from_json(routes).unwrap(),
            upstream: UpstreamConfig {
                place: None,
                beyond_loopback: false,
                anchors: None,
                credential: None,
                namings: vec![Naming::Rfc9440],
                connect: Duration::from_secs(5),
                timeout: Duration::from_secs(5),
                body: None,
            },
        };
        let live = live();
        let parts = GatewayParts::new(config, place.parse().unwrap(), Arc::new(Then));
        let router = parts.await.unwrap().router(live.clone()).unwrap();
        let (sink, _events) = tokio::sync::mpsc::unbounded_channel();
        let (audit, _writer) = Audit::start(sink).unwrap();
        let pems = [
            vector!("figure1-leaf.pem"),
            vector!("figure1-intermediate.pem"),
            vector!("figure1-root.pem"),
        ];
        let chain = pems.map(|pem| {
            let lines = pem.lines().filter(|line| !line.starts_with('-'));
            let digits: String = lines.collect();
            data_encoding::BASE64.decode(digits.as_bytes()).unwrap()
        });
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        let connection = Connection::without_handshake(chain, &live, audit);
        request.extensions_mut().insert(connection);
        let answer = router.oneshot(request).await.unwrap();
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        let text = String::from_utf8(body.into()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn the_service_gets_the_bytes_of_rfc_9440() {
        let expected = [
            vector!("figure2-client-cert.txt"),
            vector!("figure3-client-cert-chain.txt"),
        ];
        assert_eq!(told("/a").await, expected.map(str::trim_end));
    }
}
