use std::time::Duration;

use countersign_bench::{
    Asked, Contender, Folder, Http, Kind, Load, Operation, Pool, Sessions, Whom, idle_memory,
};
use rustls::ProtocolVersion;

/// Long enough for some of each.
const LASTS: Duration = Duration::from_millis(100);

#[tokio::test]
async fn every_load_is_answered_and_paid_for_by_the_server() {
    let folder = Folder::new(false).unwrap();
    let [known, new] = [4, 5_000].map(|size| Pool::new(&folder, size).unwrap());
    let usual = Asked::usual();
    let (sessions, version) = (Sessions::Resumed, ProtocolVersion::TLSv1_2);
    let whom = Whom::New;
    let resumed = Asked { sessions, ..usual };
    for kind in [Kind::Axum, Kind::AxumServer] {
        let server = Contender::usual(kind).start(&folder, 0).unwrap();
        for (asked, operation) in [
            (usual, Operation::Connection),
            (Asked { whom, ..usual }, Operation::Connection),
            (Asked { version, ..usual }, Operation::Connection),
            (resumed, Operation::Connection),
            (Asked { version, ..resumed }, Operation::Connection),
            (usual, Operation::Call(Http::One)),
            (usual, Operation::Call(Http::Two)),
            (usual, Operation::Paced(1_000.0)),
        ] {
            let caller = asked.caller(&folder, &known, &new).unwrap();
            let load = Load {
                operation,
                callers: 4,
                lasts: LASTS,
            };
            let sample = load.run(&caller, &server).await;
            let sample = sample.unwrap_or_else(|error| panic!("{operation:?}: {error:#}"));
            assert!(sample.waits.count() > 0, "{operation:?}");
            assert!(sample.wall >= LASTS / 2, "{operation:?}");
            assert!(sample.cpu > Duration::ZERO, "{operation:?}");
        }
        let caller = usual.caller(&folder, &known, &new).unwrap();
        let each = idle_memory(&caller, &server, 200).await.unwrap();
        assert!((1.0..200.0).contains(&each), "{each} KiB");
    }
}

#[test]
fn a_server_ends_when_it_is_dropped() {
    let folder = Folder::new(false).unwrap();
    let server = Contender::usual(Kind::Axum).start(&folder, 0).unwrap();
    let at = server.address();
    drop(server);
    assert!(std::net::TcpStream::connect(at).is_err());
}
