//! When the trust in a client of a gateway ends, while it is being answered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::routing::{get, post};
use countersign_axum::audit::{Action, EventKind, Outcome};
use countersign_axum::{
    Api, AuditEvent, Caller, Code, Credential, Dialect, Fault, Forwarding, Gateway, Limits,
};
use countersign_identity::{ClientCert, ForwardedChain};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::client::{Answer, BOTH, Held, Http};
use crate::ending::{ENDS, End, billing, brief, end, partner, patient, told};
use crate::world::{Service, World, credential, directory, now, soon, trust};

/// Who listens to which streams, by principal.
#[derive(Clone, Default)]
pub(crate) struct Listening(Arc<Mutex<HashMap<String, Vec<Words>>>>);

type Words = UnboundedSender<&'static str>;

impl Listening {
    fn begin(&self, principal: &str) -> Body {
        let (words, said) = unbounded_channel();
        let mut listening = self.0.lock().unwrap();
        let streams = listening.entry(principal.to_owned()).or_default();
        streams.push(words);
        told(said)
    }

    pub(crate) fn say(&self, principal: &str, word: &'static str) {
        for stream in self.0.lock().unwrap().get(principal).unwrap() {
            stream.send(word).unwrap();
        }
    }

    /// Lets the streams come to their end.
    pub(crate) fn close(&self, principal: &str) {
        self.0.lock().unwrap().remove(principal).unwrap();
    }

    /// Waits until the handler's own streams are gone.
    async fn are_left(&self, principal: &str) {
        let streams = self.0.lock().unwrap().remove(principal).unwrap();
        for stream in streams {
            soon(stream.closed()).await;
        }
    }
}

/// A service behind the gateway `edge`, which is believed of everybody.
struct Fronted {
    world: World,
    edge: Credential,
    listening: Listening,
    /// Tells that a handler has begun to wait.
    waiting: UnboundedReceiver<()>,
    service: Service,
}

impl Fronted {
    async fn start(limits: Limits) -> Self {
        let world = World::new();
        world
            .live
            .swap_all(world.both(), directory(), believed(["edge"]));
        let listening = Listening::default();
        let (waits, waiting) = unbounded_channel();
        let wait = move |_: Body| {
            waits.send(()).unwrap();
            std::future::pending::<&'static str>()
        };
        let forbid = async || Fault::new(Code::PermissionMissing, "not today");
        let act = async || (Action::new("note-taken"), "noted");
        let router = Api::new(world.live())
            .open("/stream", get(stream))
            .open("/wait", post(wait))
            .open("/whoami", get(whoami))
            .public("/forbidden", get(forbid))
            .public("/noted", get(act))
            .with_state(listening.clone())
            .into_router();
        let service = world.serve_with(router, limits).await;
        let edge = world.partners.client(now());
        let edge = edge.uri("spiffe://dev.example/edge").issue().unwrap();
        Self {
            edge: credential(&edge),
            world,
            listening,
            waiting,
            service,
        }
    }

    /// A connection of the gateway.
    async fn connect(&self, http: Http) -> Held {
        self.world.connect_as(&self.service, http, &self.edge).await
    }

    /// A connection for each of two clients: over HTTP/2 one for both.
    async fn connect_twice(&self, http: Http) -> (Held, Option<Held>) {
        let one = self.connect(http).await;
        let other = match http {
            Http::One => Some(self.connect(http).await),
            Http::Two => None,
        };
        (one, other)
    }
}

/// These principals may say who their clients are, whoever vouches for them.
pub(crate) fn believed<const N: usize>(gateways: [&str; N]) -> Forwarding {
    Forwarding::new(gateways.map(|name| {
        let trusts = ["clients", "partners"].map(|trust| trust.parse().unwrap());
        Gateway::new(name.parse().unwrap(), Dialect::ClientCert, trusts)
    }))
}

pub(crate) async fn stream(State(listening): State<Listening>, caller: Caller) -> Body {
    listening.begin(caller.principal().name().as_str())
}

async fn whoami(caller: Caller) -> String {
    caller.principal().name().to_string()
}

/// A request that the gateway makes for the client of this credential.
pub(crate) fn request(method: &str, path: &str, client: &Credential) -> Request<Body> {
    let leaf = client.chain_der().next().unwrap().to_vec();
    let said = ClientCert::new(ForwardedChain::new(leaf, Vec::new()).unwrap());
    let request = Request::builder().method(method).uri(path);
    let request = request.header("client-cert", said.client_cert());
    request.body(Body::empty()).unwrap()
}

async fn listens(held: &mut Held, client: &Credential) -> Incoming {
    let answer = held.open(request("GET", "/stream", client)).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers().get("cache-control").unwrap(), "no-store");
    answer.into_body()
}

async fn asks(held: &mut Held, client: &Credential) -> Answer {
    held.send(request("GET", "/whoami", client)).await
}

/// The next part of an answer; none at its end.
async fn next(body: &mut Incoming) -> Option<Result<Bytes, hyper::Error>> {
    let frame = soon(body.frame()).await?;
    Some(frame.map(|frame| frame.into_data().unwrap()))
}

async fn hears(body: &mut Incoming, word: &str) {
    assert_eq!(next(body).await.unwrap().unwrap(), word);
}

/// Comes to its end, with nothing more.
async fn is_whole(body: Incoming) {
    assert_eq!(soon(body.collect()).await.unwrap().to_bytes(), "");
}

fn is_of(event: &AuditEvent, client: &Credential) {
    assert_eq!(event.kind, EventKind::Connection);
    assert_eq!(event.outcome, Outcome::Denied);
    let thumbprint = event.certificate().unwrap().thumbprint();
    assert_eq!(thumbprint, client.certificate().thumbprint());
    let via = event.via().unwrap();
    assert_eq!(via.principal().name().as_str(), "edge");
    let edge = "partners: spiffe://dev.example/edge";
    assert_eq!(via.identity().to_string(), edge);
    assert!(event.method.is_none() && event.route.is_none());
}

#[tokio::test]
async fn a_gateway_that_names_no_client_is_refused_however_often_it_has_asked() {
    for http in BOTH {
        let mut fronted = Fronted::start(Limits::default()).await;
        let billing = fronted.world.client("billing");
        let mut held = fronted.connect(http).await;
        for _ in 0..3 {
            let answer = held.get("/whoami").await;
            assert_eq!(answer.code(), "certificate-required");
            let told = fronted.service.event().await;
            assert_eq!(told.code.unwrap().as_str(), "certificate-required");
            assert_eq!(told.via().unwrap().principal().name().as_str(), "edge");
            assert_eq!(asks(&mut held, &billing).await.body, "billing");
            let told = fronted.service.told().await;
            assert_eq!(told, "request allowed billing GET /whoami");
        }
    }
}

#[tokio::test]
async fn a_stream_ends_with_the_trust_in_the_client_and_no_other() {
    for http in BOTH {
        for (how, code) in ENDS {
            let mut fronted = Fronted::start(brief()).await;
            let (one, other) = (billing(&fronted.world), partner(&fronted.world));
            let (mut held, mut second) = fronted.connect_twice(http).await;
            let mut ended = listens(&mut held, &one).await;
            let mut going = listens(second.as_mut().unwrap_or(&mut held), &other).await;
            fronted.listening.say("billing", "one");
            hears(&mut ended, "one").await;

            end(&fronted.world, how);
            let event = fronted.service.ended().await;
            is_of(&event, &one);
            assert_eq!(event.code.unwrap().as_str(), code, "{how:?}");
            assert_eq!(event.principal().unwrap().as_str(), "billing");
            let identity = "clients: spiffe://dev.example/billing";
            assert_eq!(event.identity().unwrap().to_string(), identity);
            assert_eq!(event.epoch, fronted.world.live.load().epoch());

            // Cut off, and not at its end. What made it is gone.
            let cut = next(&mut ended).await.unwrap();
            assert!(cut.is_err(), "{http:?} {how:?}: {cut:?}");
            fronted.listening.are_left("billing").await;

            // The gateway and its other client go on.
            fronted.listening.say("reports", "two");
            hears(&mut going, "two").await;
            if http == Http::Two {
                assert_eq!(asks(&mut held, &one).await.code(), code);
                assert_eq!(asks(&mut held, &other).await.body, "reports");
            }
            fronted.listening.close("reports");
            is_whole(going).await;
        }
    }
}

#[tokio::test]
async fn a_stream_that_ends_within_the_grace_is_whole() {
    for http in BOTH {
        let mut fronted = Fronted::start(patient()).await;
        let mut held = fronted.connect(http).await;
        let mut body = listens(&mut held, &billing(&fronted.world)).await;
        end(&fronted.world, End::Revoked);
        fronted.service.ended().await;
        fronted.listening.say("billing", "the rest");
        hears(&mut body, "the rest").await;
        fronted.listening.close("billing");
        is_whole(body).await;
    }
}

#[tokio::test]
async fn a_reload_touches_nobody_who_stays_good() {
    for http in BOTH {
        let fronted = Fronted::start(brief()).await;
        let client = partner(&fronted.world);
        let mut held = fronted.connect(http).await;
        let mut body = listens(&mut held, &client).await;
        let world = &fronted.world;
        world.live.swap(world.both(), directory());
        end(world, End::Disabled);
        world
            .live
            .swap_all(world.both(), directory(), believed(["edge"]));
        world.live.recheck();
        fronted.listening.say("reports", "on");
        hears(&mut body, "on").await;
        fronted.listening.close("reports");
        is_whole(body).await;
        assert_eq!(asks(&mut held, &client).await.body, "reports");
        let rest = fronted.service.rest().await;
        let request = |route: &str| format!("request allowed reports GET {route}");
        assert_eq!(rest, [request("/stream"), request("/whoami")]);
    }
}

/// Those that began by an earlier snapshot, too.
#[tokio::test]
async fn all_streams_of_a_client_on_one_connection_end_as_one() {
    let fronted = Fronted::start(brief()).await;
    let world = &fronted.world;
    let client = billing(world);
    let mut held = fronted.connect(Http::Two).await;
    let mut bodies = vec![listens(&mut held, &client).await];
    world.live.swap(world.both(), directory());
    bodies.push(listens(&mut held, &client).await);
    bodies.push(listens(&mut held, &client).await);
    end(world, End::Revoked);
    for mut body in bodies {
        assert!(next(&mut body).await.unwrap().is_err());
    }
    let rest = fronted.service.rest().await;
    let of = |kind: &str| rest.iter().filter(|told| told.starts_with(kind)).count();
    assert_eq!((of("request"), of("connection")), (3, 1), "{rest:?}");
}

/// As the next request would be refused; nobody can vouch for the client any more.
#[tokio::test]
async fn a_stream_ends_when_the_gateway_may_not_forward_any_more() {
    for http in BOTH {
        let mut fronted = Fronted::start(brief()).await;
        let client = billing(&fronted.world);
        let mut held = fronted.connect(http).await;
        let mut body = listens(&mut held, &client).await;
        let nobody = believed([]);
        let world = &fronted.world;
        world.live.swap_all(world.both(), directory(), nobody);
        let event = fronted.service.ended().await;
        is_of(&event, &client);
        assert!(next(&mut body).await.unwrap().is_err());
    }
}

/// It is no fault of the client's, and told of the gateway alone.
#[tokio::test]
async fn a_stream_ends_with_the_trust_in_the_gateway() {
    for http in BOTH {
        let mut fronted = Fronted::start(brief()).await;
        let mut held = fronted.connect(http).await;
        let mut body = listens(&mut held, &billing(&fronted.world)).await;
        let world = &fronted.world;
        let others = world.snapshot(vec![trust("clients", &world.clients)]);
        world.live.swap(others, directory());
        let event = fronted.service.ended().await;
        assert_eq!(event.code, Some(Code::CertificateUntrusted));
        let thumbprint = event.certificate().unwrap().thumbprint();
        assert_eq!(thumbprint, fronted.edge.certificate().thumbprint());
        assert!(event.via().is_none());
        assert!(next(&mut body).await.unwrap().is_err());
        assert_eq!(fronted.service.rest().await, [""; 0]);
    }
}

#[tokio::test]
async fn a_handler_that_still_waits_is_left_and_the_client_is_told_why() {
    for http in BOTH {
        for (how, code) in ENDS {
            let mut fronted = Fronted::start(brief()).await;
            let client = billing(&fronted.world);
            let mut held = fronted.connect(http).await;
            // An upload that does not end.
            let (words, said) = unbounded_channel();
            let mut request = request("POST", "/wait", &client);
            *request.body_mut() = told(said);
            words.send("one").unwrap();
            let answering = tokio::spawn(async move { held.try_send(request).await });
            soon(fronted.waiting.recv()).await.unwrap();
            end(&fronted.world, how);
            is_of(&fronted.service.ended().await, &client);
            drop(words);
            let answer = soon(answering).await.unwrap().unwrap();
            assert_eq!(answer.code(), code, "{http:?}");
            let refused = format!("request denied {code} billing POST /wait");
            assert_eq!(fronted.service.told().await, refused);
        }
    }
}

/// With what is known of whoever asks, by his own handshake or by the word of a gateway.
#[tokio::test]
async fn what_a_public_handler_refuses_or_does_is_audited() {
    for http in BOTH {
        let mut fronted = Fronted::start(brief()).await;
        let world = &fronted.world;
        let mut edge = fronted.connect(http).await;
        let mut direct = world.connect(&fronted.service, http, "reports").await;
        let mut stranger = world.connect(&fronted.service, http, "stranger").await;
        let forwarded = request("GET", "/forbidden", &billing(world));
        let answer = edge.send(forwarded).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        let refused = "request denied permission-missing";
        let event = soon(fronted.service.events.recv()).await.unwrap();
        assert_eq!(
            event.correlation_id.as_ref().unwrap().as_str(),
            answer.header("x-request-id").unwrap()
        );
        assert_eq!(event.detail(), Some("not today"));
        assert_eq!(event.via().unwrap().principal().name().as_str(), "edge");
        let told = crate::world::brief(&event);
        assert_eq!(told, format!("{refused} billing GET /forbidden"));

        direct.get("/forbidden").await;
        let told = fronted.service.told().await;
        assert_eq!(told, format!("{refused} reports GET /forbidden"));

        stranger.get("/forbidden").await;
        let event = fronted.service.event().await;
        let told = crate::world::brief(&event);
        assert_eq!(told, format!("{refused} GET /forbidden"));
        assert!(event.certificate().is_some() && event.address().is_some());

        assert_eq!(direct.get("/noted").await.body, "noted");
        let told = fronted.service.told().await;
        assert_eq!(told, "action allowed reports GET /noted");
    }
}
