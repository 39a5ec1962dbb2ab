use std::fs;
use std::path::Path;
use std::sync::Arc;

use countersign_axum::SystemClock;
use countersign_pki::Authority;
use countersign_server::Config;
use jiff::Timestamp;

const MANIFEST: &str = include_str!("../../../../deploy/kubernetes/countersign.yaml");

/// What stands in the ConfigMap under this name: a block of YAML, indented by four.
fn entry(name: &str) -> String {
    let after = MANIFEST.split_once(&format!("\n  {name}: |\n")).unwrap().1;
    let lines = after
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with("    "));
    let lines = lines.map(|line| line.strip_prefix("    ").unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// The folders as the pod sees them below `/etc/countersign`.
fn mounted(folder: &Path) {
    let now = Timestamp::now();
    let root = Authority::root("Clients", now).unwrap();
    let server = root.server(now).dns("api.example").issue().unwrap();
    for (path, text) in [
        ("config/server.toml", entry("server.toml")),
        ("config/policy.toml", entry("policy.toml")),
        ("server/tls.crt", server.chain_pem()),
        ("server/tls.key", server.key_pem()),
        ("clients/ca.crt", root.certificate_pem()),
    ] {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn what_the_manifests_for_kubernetes_mount_can_be_served() {
    let folder = tempfile::tempdir().unwrap();
    mounted(folder.path());
    let config = Config::from_file(folder.path().join("config/server.toml")).unwrap();
    config.load(Arc::new(SystemClock)).unwrap();
    assert!(config.storage.is_some(), "replicas share what they keep");
}

#[test]
fn the_manifests_probe_and_publish_what_the_server_listens_on() {
    let config = entry("server.toml");
    for (key, port) in [("listen", 8443), ("admin", 8444), ("health", 8081)] {
        assert!(
            config.contains(&format!("{key} = \"0.0.0.0:{port}\"")),
            "{key}"
        );
        assert!(
            MANIFEST.contains(&format!("containerPort: {port}")),
            "{key}"
        );
    }
}
