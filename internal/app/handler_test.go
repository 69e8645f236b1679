package app_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"utkik/internal/store"
	"utkik/internal/subscription"
	"utkik/internal/token"
)

// What a browser sends for another site's page is refused; a mail program that ends mails with one click sends no Origin,
// and is let through.
func TestServeCrossSite(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 13, 6, 0, 0, 0, time.UTC)
	a := installation(t, configure(t, "web: {base_url: \"https://utkik.example.org/\"}\n"), now)
	defer closeApp(t, a)
	ctx := t.Context()
	if err := a.Store.AddSigningKey(ctx, []byte(strings.Repeat("k", 32)), now.Add(-time.Hour), now.Add(-time.Hour), time.Time{}); err != nil {
		t.Fatal(err)
	}
	r := subscription.Recipient{ID: "kultur", Address: "kultur@example.org", Name: "Kultur", Language: "sv", Zone: "Europe/Stockholm", Rhythm: subscription.Daily}
	if err := a.Store.SaveRecipients(ctx, []subscription.Recipient{r}, true); err != nil {
		t.Fatal(err)
	}
	keys, err := a.Store.SigningKeys(ctx)
	if err != nil {
		t.Fatal(err)
	}
	path := token.ActPath + token.Ring{token.Key(keys[0])}.Seal(token.Claim{Act: token.Unsubscribe, Recipient: r.ID, Whose: token.Whose(r.Address)}, now)
	page, stop := serve(t, a, "web")
	defer stop()
	for _, tt := range []struct {
		name, method, path string
		head               map[string]string
		want               int
		says               string
	}{
		{"another site's page", "POST", path, map[string]string{"Sec-Fetch-Site": "cross-site"}, 403, "annan webbplats"},
		{"another host of the domain", "POST", path, map[string]string{"Sec-Fetch-Site": "same-site"}, 403, "another site"},
		{"an old browser for another site", "POST", path, map[string]string{"Origin": "https://evil.example"}, 403, "another site"},
		{"a frame without a name", "POST", path, map[string]string{"Origin": "null"}, 403, "another site"},
		{"where nothing is", "DELETE", "/x", map[string]string{"Origin": "https://evil.example"}, 403, "another site"},
		{"reading from another site", "GET", "/healthz", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 200, "ok"},
		{"a proxy that keeps the host for itself", "POST", "/act/damaged", map[string]string{"Origin": "https://utkik.example.org"}, 404, "skadad"},
		{"an old browser here", "POST", "/act/damaged", map[string]string{"Origin": page}, 404, "skadad"},
		{"a browser here", "POST", "/act/damaged", map[string]string{"Sec-Fetch-Site": "same-origin"}, 404, "skadad"},
		{"a mail program", "POST", path, nil, 200, "Mejlen är avslutade"},
	} {
		req, err := http.NewRequestWithContext(ctx, tt.method, page+tt.path, strings.NewReader("List-Unsubscribe=One-Click"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for k, v := range tt.head {
			req.Header.Set(k, v)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != tt.want || !strings.Contains(string(body), tt.says) {
			t.Errorf("%s: %d %.200s (%v), want %d %q", tt.name, resp.StatusCode, body, err, tt.want, tt.says)
		}
		// Who wrote something is shown it, whichever machine answers next.
		if wrote, marked := tt.method == "POST" && tt.want == 200, strings.HasPrefix(resp.Header.Get("Set-Cookie"), "utkik-seen=0; Path=/; Max-Age=120; HttpOnly; Secure"); wrote != marked {
			t.Errorf("%s: cookie %q", tt.name, resp.Header.Get("Set-Cookie"))
		}
	}
	got, err := a.Store.AuditLog(ctx, store.AuditFilter{})
	if err != nil || len(got) != 1 || got[0].Who != "recipient:kultur" || got[0].What != "link.unsubscribe" || got[0].Way != store.WayMail || got[0].Detail != "one-click" {
		t.Errorf("audit log: %+v, %v", got, err)
	}
}
