//! The embedded UI: its headers when it is built, an honest answer when it is not.

use crate::harness::Server;

#[tokio::test]
async fn the_page_is_served_under_a_strict_policy_or_missing_out_loud() {
    let server = Server::bare(|_| {}).await;
    for path in ["/", "/join/abc"] {
        let response = server.http.get(format!("{}{path}", server.base)).send().await.unwrap();
        if response.status() == 503 {
            assert!(response.text().await.unwrap().contains("make ui"));
            continue;
        }
        assert_eq!(response.status(), 200);
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let policy = header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"));
        assert_eq!(header("referrer-policy").as_deref(), Some("no-referrer"));
        assert_eq!(header("cache-control").as_deref(), Some("no-cache"));
        let tag = header("etag").unwrap();
        let page = response.text().await.unwrap();
        assert!(!page.contains("<style") && !page.contains("onload="), "nothing inline");
        let again =
            server.http.get(format!("{}{path}", server.base)).header("if-none-match", tag).send().await.unwrap();
        assert_eq!(again.status(), 304);
        let script = page.split('"').find(|part| part.starts_with("/assets/") && part.ends_with(".js")).unwrap();
        let asset = server.http.get(format!("{}{script}", server.base)).header("accept-encoding", "gzip");
        let asset = asset.send().await.unwrap();
        assert!(asset.headers()["cache-control"].to_str().unwrap().contains("immutable"));
        assert_eq!(asset.headers()["content-encoding"], "gzip");
    }
    let missing = server.http.get(format!("{}/assets/none.js", server.base)).send().await.unwrap();
    assert_eq!(missing.status(), 404);
}
