//! What a manifest may say, and what it is told when it says something else.

mod values;

use countersign_pki::{DEV_MANIFEST, Manifest, ManifestError, Name, Plan};

use crate::schema::{Schema, check_schema};
use crate::{dev_plan, now};

const ROOT: &str = "version = 1\n[authority.root]\nsubject = \"Root\"\n";

/// Checks that the lines, after those of a root, are refused with that message, by the schema too.
#[track_caller]
fn check(lines: &str, message: &str) {
    refuse(lines, message, Schema::Refuses);
}

/// As `check`, for a mistake that no schema can see: it lies between entries, or in what a text means.
#[track_caller]
fn check_unseen(lines: &str, message: &str) {
    refuse(lines, message, Schema::Accepts);
}

#[track_caller]
fn refuse(lines: &str, message: &str, schema: Schema) {
    let text = format!("{ROOT}{lines}");
    let error = Manifest::parse(&text).unwrap_err();
    assert_eq!(error.to_string(), message);
    check_schema(&text, schema);
}

const CLIENT: &str = "[certificate.x]\nprofile = \"client\"\nissuer = \"root\"\n";

/// As `check`, for the lines of a client certificate.
#[track_caller]
fn check_client(lines: &str, message: &str) {
    check(&format!("{CLIENT}{lines}"), message);
}

/// As `check_unseen`, for the lines of a client certificate.
#[track_caller]
fn check_client_unseen(lines: &str, message: &str) {
    check_unseen(&format!("{CLIENT}{lines}"), message);
}

#[test]
fn unknown_keys_are_refused_where_they_stand() {
    check(
        "ttll = \"1d\"\n",
        "line 4, column 1: unknown field `ttll`, expected one of `subject`, `issuer`, `ttl`, `path_len`, `key`, `ku`, `permit`, `exclude`, `crl`, `ocsp`, `ca_issuers`, `revoked`",
    );
    check(
        "[certificat.x]\n",
        "line 4, column 2: unknown field `certificat`, expected one of `version`, `settings`, `profile`, `authority`, `certificate`, `fixture`",
    );
    let error = Manifest::parse("version = 1\n[authority.root]\nsubjekt = \"ü\"").unwrap_err();
    assert!(
        matches!(
            error,
            ManifestError::Syntax {
                line: 3,
                column: 1,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn columns_count_characters_not_bytes() {
    check_unseen(
        "[certificate]\nx = { cn = \"üü\", profile = \"peer\", issuer = \"root\" }\n",
        "line 5, column 28: certificate `x`: profile `peer` is not known; there are client, qseal, qwac, server",
    );
}

#[test]
fn what_is_not_toml_is_refused_where_it_stands() {
    let error = Manifest::parse("version = 1\n[authority.root\n").unwrap_err();
    assert!(
        matches!(error, ManifestError::Syntax { line: 2, .. }),
        "{error}"
    );
    check("[authority.root]\n", "line 4, column 12: duplicate key");
    check("path_len = 256\n", PATH_LEN);
    check_client(
        "ttl = 30\n",
        "line 7, column 7: invalid type: integer `30`, expected a string",
    );
    check(
        "[certificate.x]\nprofile = \"client\"\n",
        "line 4, column 1: missing field `issuer`",
    );
}

const PATH_LEN: &str = "line 4, column 12: invalid value: integer `256`, expected u8";

#[test]
fn another_version_is_refused() {
    let error = Manifest::parse("version = 2\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 1, column 11: version 2 is not known; this is version 1"
    );
    assert!(Manifest::parse("").is_err());
}

#[test]
fn item_names_are_file_names() {
    for name in [
        "Root", "a_b", "../x", "a/b", "", "-x", "a.b", "a b", "ü", "x\\u0000",
    ] {
        let error = Manifest::parse(&format!(
            "version = 1\n[authority.\"{name}\"]\nsubject = \"x\""
        ));
        assert!(
            error.is_err_and(|e| e.to_string().contains("item name")),
            "{name}"
        );
    }
    check(
        "[authority.root-key]\nsubject = \"x\"\n",
        "line 4, column 12: item name `root-key`: it may not end in `-key`, as the key files do",
    );
    check_unseen(
        "[certificate.root]\nprofile = \"client\"\nissuer = \"root\"\ncn = \"x\"\n",
        "line 4, column 14: `root` is taken already; a certificate needs a name of its own",
    );
}

#[test]
fn issuers_exist_and_lead_to_a_root() {
    check_unseen(
        "[certificate.x]\nprofile = \"client\"\nissuer = \"rot\"\ncn = \"x\"\n",
        "line 6, column 10: `x` is to be issued by `rot`, which is no authority here; there is root",
    );
    check_unseen(
        "[authority.a]\nissuer = \"b\"\nsubject = \"A\"\n[authority.b]\nissuer = \"a\"\nsubject = \"B\"\n",
        "line 5, column 10: the issuers of `a` form a circle",
    );
    check_unseen(
        "[authority.a]\nissuer = \"a\"\nsubject = \"A\"\n",
        "line 5, column 10: the issuers of `a` form a circle",
    );
}

#[test]
fn path_lengths_shrink_on_the_way_down() {
    check_unseen(
        "[authority.a]\nissuer = \"root\"\nsubject = \"A\"\npath_len = 1\n",
        "line 7, column 12: `a` has path length 1, but `root`, with 1, allows 0 at most",
    );
    check_unseen(
        "path_len = 0\n[authority.a]\nissuer = \"root\"\nsubject = \"A\"\n",
        "line 5, column 12: `a` has path length 0, but `root`, with 0, allows no authority below it",
    );
}

#[test]
fn a_certificate_names_its_holder_once() {
    check_client(
        "",
        "line 4, column 14: certificate `x` has no name; give it `spiffe`, `dns`, `ip`, `uri`, `email` or `cn`",
    );
    check_client_unseen(
        "dns = [\"a.example\", \"A.example\"]\n",
        "line 7, column 21: certificate `x`: dns:A.example is given twice",
    );
    check_client_unseen(
        "ip = [\"::1\", \"0:0::1\"]\n",
        "line 7, column 14: certificate `x`: ip:::1 is given twice",
    );
}

#[test]
fn names_that_could_mislead_are_refused() {
    check_client(
        "cn = \"a\\u0000b\"\n",
        "line 7, column 6: certificate `x`: `a\\0b`: it contains a control character",
    );
    check_client(
        "cn = \" \"\n",
        "line 7, column 6: certificate `x`: ` `: it is empty",
    );
    check_client(
        "ip = [\"localhost\"]\n",
        "line 7, column 7: certificate `x`: `localhost`: it is not an IP address",
    );
    check_client(
        "dns = [\"127.0.0.1\"]\n",
        "line 7, column 8: certificate `x`: `127.0.0.1`: it is an IP address; write it under `ip`",
    );
    check_client(
        "uri = [\"SPIFFE://a/b\"]\n",
        "line 7, column 8: certificate `x`: `SPIFFE://a/b`: a SPIFFE ID is written under `spiffe`",
    );
    check_client(
        "spiffe = \"https://a/b\"\n",
        "line 7, column 10: certificate `x`: `https://a/b`: it does not start with `spiffe://`",
    );
    check_client(
        "email = [\"a\\nb@c\"]\n",
        "line 7, column 10: certificate `x`: `a\\nb@c`: it is not an e-mail address",
    );
}

#[test]
fn lifetimes_are_a_number_and_a_unit() {
    check_client(
        "cn = \"x\"\nttl = \"30 days\"\n",
        "line 8, column 7: certificate `x`: lifetime `30 days`: write a number and a unit: `90m`, `12h`, `30d` or `2y`",
    );
    check_client(
        "cn = \"x\"\nttl = \"0d\"\n",
        "line 8, column 7: certificate `x`: lifetime `0d`: a lifetime of nothing",
    );
}

#[test]
fn server_names_go_to_servers_and_may_be_repeated() {
    let dev = Manifest::parse(DEV_MANIFEST).unwrap();
    let more = dev
        .clone()
        .with_server_names([Name::Dns("api.test".into()), Name::Dns("LOCALHOST".into())])
        .unwrap();
    let line = |manifest: &Manifest, name: &str| {
        let plan = Plan::new(manifest, now()).to_string();
        plan.lines()
            .find(|line| line.starts_with(name))
            .unwrap()
            .to_owned()
    };
    let names = "names=dns:localhost,ip:127.0.0.1,ip:::1";
    assert!(line(&more, "server").contains(&format!("{names},dns:api.test ")));
    assert_eq!(line(&more, "billing"), line(&dev, "billing"));

    let error = dev
        .with_server_names([Name::Dns("a\0b".into())])
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("cannot add dns:a\\0b to the servers: "),
        "{error}"
    );
    let none = Manifest::parse(ROOT)
        .unwrap()
        .with_server_names([Name::Ip([127, 0, 0, 1].into())]);
    assert_eq!(
        none.unwrap_err().to_string(),
        "cannot add ip:127.0.0.1: no certificate has the profile `server`"
    );
}

#[test]
fn a_plan_makes_issuers_first_whatever_the_order_of_the_file() {
    let text = "version = 1\n\
        [certificate.x]\nprofile = \"client\"\nissuer = \"b\"\ncn = \"x\"\n\
        [authority.b]\nissuer = \"a\"\nsubject = \"B\"\n\
        [authority.a]\nsubject = \"A\"\n";
    let plan = Plan::new(&Manifest::parse(text).unwrap(), now());
    assert_eq!(plan.names().collect::<Vec<_>>(), ["a", "b", "x"]);
    assert_eq!(
        plan.issue().unwrap().issued("x").unwrap().chain_der().len(),
        2
    );
}

#[test]
fn a_plan_shows_every_default() {
    let text = "version = 1\n\
        [authority.root]\nsubject = \"Root\"\nttl = \"10d\"\n\
        [certificate.x]\nprofile = \"client\"\nissuer = \"root\"\ncn = \"x\"\nemail = [\"x@mail.example\"]\n";
    let plan = Plan::new(&Manifest::parse(text).unwrap(), now());
    assert_eq!(
        plan.to_string(),
        "root  authority issuer=self cn=\"Root\" path_len=1 key_usage=keyCertSign,cRLSign key=p256 \
         ttl=10d from=2026-08-01T11:55:00Z until=2026-08-11T12:00:00Z\n\
         x     client issuer=root cn=\"x\" names=email:x@mail.example key_usage=digitalSignature \
         extended=clientAuth key=p256 ttl=30d from=2026-08-01T11:55:00Z until=2026-08-11T12:00:00Z\n"
    );
    assert_eq!(dev_plan(now()).names().count(), 8);
}

#[test]
fn settings_are_checked() {
    check(
        "[settings]\nbackdat = \"5m\"\n",
        "line 5, column 1: unknown field `backdat`, expected one of `renew_within`, `backdate`, `key`",
    );
    check(
        "[settings]\nrenew_within = \"0/3\"\n",
        "line 5, column 16: renew_within `0/3`: it lies between nothing and all: `1/3`",
    );
    check_unseen(
        "[settings]\nrenew_within = \"4/3\"\n",
        "line 5, column 16: renew_within `4/3`: it lies between nothing and all: `1/3`",
    );
    check(
        "[settings]\nrenew_within = \"a third\"\n",
        "line 5, column 16: renew_within `a third`: write a part of the lifetime: `1/3`",
    );
    check(
        "[settings]\nbackdate = \"-5m\"\n",
        "line 5, column 12: lifetime `-5m`: write a number and a unit: `90m`, `12h`, `30d` or `2y`",
    );
    let none = format!("{ROOT}[settings]\nbackdate = \"0m\"\n");
    check_schema(&none, Schema::Accepts);
    let plan = Plan::new(&Manifest::parse(&none).unwrap(), now()).to_string();
    assert!(plan.contains(" from=2026-08-01T12:00:00Z "), "{plan}");
}

#[test]
fn profiles_extend_one_of_the_two() {
    check(
        "[profile.partner]\nttl = \"1d\"\n",
        "line 4, column 10: profile `partner` extends nothing; write `extends = \"server\"`, `\"client\"`, `\"qwac\"` or `\"qseal\"`",
    );
    check(
        "[profile.partner]\nextends = \"peer\"\n",
        "line 5, column 11: profile `partner` extends `peer`; only `server`, `client`, `qwac` and `qseal` can be extended",
    );
    check(
        "[profile.client]\nextends = \"server\"\n",
        "line 5, column 11: profile `client` extends `server`; only `server`, `client`, `qwac` and `qseal` can be extended",
    );
    check(
        "[profile.partner]\nextends = \"client\"\neku = [\"clientAuth\"]\n",
        "line 6, column 8: profile `partner`: purpose `clientAuth` is not known; there are `server` and `client`",
    );
    check(
        "[profile.partner]\nextends = \"client\"\nkus = []\n",
        "line 6, column 1: unknown field `kus`, expected one of `extends`, `ttl`, `key`, `ku`, `eku`, `psd2`",
    );
}

#[test]
fn a_profile_gives_lifetime_and_purposes_unless_the_certificate_does() {
    let text = format!(
        "{ROOT}[profile.client]\nttl = \"24h\"\n\
         [profile.partner]\nextends = \"client\"\neku = [\"server\", \"client\"]\nttl = \"7d\"\n\
         {CLIENT}cn = \"x\"\n\
         [certificate.y]\nprofile = \"partner\"\nissuer = \"root\"\ncn = \"y\"\n\
         [certificate.z]\nprofile = \"partner\"\nissuer = \"root\"\ncn = \"z\"\nttl = \"1h\"\n"
    );
    check_schema(&text, Schema::Accepts);
    let plan = Plan::new(&Manifest::parse(&text).unwrap(), now()).to_string();
    let lines: Vec<&str> = plan.lines().collect();
    assert!(lines[1].contains("client issuer=root") && lines[1].contains(" ttl=1d "));
    let both = "extended=serverAuth,clientAuth key=p256 ttl=7d ";
    assert!(
        lines[2].contains("partner issuer=root") && lines[2].contains(both),
        "{plan}"
    );
    assert!(lines[3].contains(" ttl=1h "), "{plan}");
}

#[test]
fn a_range_counts_and_carries_the_number() {
    check_client(
        "cn = \"x\"\ncount = 0\n",
        "line 8, column 9: certificate `x`: count 0: from 1 to 100000",
    );
    check_client(
        "cn = \"x\"\ncount = 100001\n",
        "line 8, column 9: certificate `x`: count 100001: from 1 to 100000",
    );
    check_client(
        "dns = [\"a.example\"]\ncount = 2\n",
        "line 4, column 14: certificate `x` has a count, so it needs `spiffe` or `cn` to carry the number",
    );
    check_client_unseen(
        "cn = \"x\"\ncount = 2\n[certificate.x-0002]\nprofile = \"client\"\nissuer = \"root\"\ncn = \"y\"\n",
        "line 9, column 14: `x-0002` is taken already; a certificate needs a name of its own",
    );
    let long = "a".repeat(62);
    check_client_unseen(
        &format!("cn = \"{long}\"\ncount = 2\n"),
        &format!(
            "line 4, column 14: certificate `x`: `{long}-0002`: it is longer than 64 characters"
        ),
    );
    let text = format!(
        "{ROOT}{CLIENT}cn = \"x\"\ndns = [\"a.example\"]\nspiffe = \"spiffe://a/x\"\ncount = 10000\n"
    );
    check_schema(&text, Schema::Accepts);
    let plan = Plan::new(&Manifest::parse(&text).unwrap(), now());
    assert_eq!(plan.names().count(), 10_001);
    let printed = plan.to_string();
    assert!(printed.contains("cn=\"x-0001\" names=dns:a.example,uri:spiffe://a/x-0001 "));
    assert!(printed.contains("\nx-10000 "));
}
