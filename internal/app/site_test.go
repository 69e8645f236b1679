package app

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/account"
	"utkik/internal/store"
	"utkik/internal/token"
)

// ownByDesign is every address by which somebody below an editor writes, and why: he alters what is his own, and is refused
// all else.
var ownByDesign = map[string]string{
	"POST /save/own": "what a recipient is mailed, by who has signed in with its address; TestSaveAsks of the pages",
}

// openByDesign is every address that whoever asks is answered, and why. A new one is added here by somebody who has
// thought about it.
var openByDesign = map[string]string{
	"GET /healthz": "probes", "GET /readyz": "probes",
	"GET " + nodePath:                 "another machine of the installation, which proves that it is one",
	"GET /act/{token}":                "the address is the key",
	"POST /act/{token}":               "the address is the key; mail programs press it for their readers",
	"GET /feeds/private/{file}":       "the address is the key",
	"GET /calendar/{source}/{ref...}": "calendars ask again by themselves, and a call's last days are no secret",
	"GET /static/style.css":           "no secret", "GET /static/icon.svg": "no secret", "GET /static/utkik.js": "no secret",
	"GET /api": "says how it is asked", "GET /api/{$}": "the same", "GET /api/v1/openapi.json": "the same, for programs",
	"GET /about":  "what this is, what is kept of people, and how accessible it is: for whoever is to sign in, too",
	"/":           "says that there is no such page",
	"GET /signin": "where one is let in", "POST /signout": "ends what the cookie names",
	"GET /signin/oidc": "where one is let in", "GET /signin/callback": "where one is let in",
	"POST /signin/mail": "where one is let in", "GET /signin/sent": "where one is let in",
	"GET /signin/link/{token}": "the address is the key", "POST /signin/link/{token}": "the address is the key, and the browser's secret",
}

// walked is all that serve answers for one organisation, in an installation with every way to sign in, and for each role the secret of
// a session and a key.
type walked struct {
	*App
	handler        http.Handler // of the whole installation
	site           *site
	base           string // under which its addresses stand
	cookie         string // of its sessions
	sessions, keys map[account.Role]string
}

// whole gives the installation's own for the empty organisation, and skogsby, which stands under a path of the same host.
func whole(t *testing.T, organisation string) walked {
	t.Helper()
	root, h, _ := installed(t, `
web: {base_url: "https://utkik.example.org", reading: signin, api_rate: 0}
mail: {host: mail.example.org, from: utkik@example.org}
signin:
  oidc: {issuer: "https://id.example.org", client_id: utkik, everyone: reader}
  mail: {allow: [{address: anna@example.org, role: admin}]}
plans:
  - {id: skogsby, plan: strandhammar-2030, base_url: /o/skogsby, signin: editor, oidc: {issuer: "https://id.skogsby.example", client_id: utkik, everyone: reader}}`)
	ctx := t.Context()
	sites := map[string]*site{}
	open := func(a *App) (http.Handler, error) {
		pages, err := a.newPages(ctx)
		if err == nil {
			err = a.renewKeys(ctx)
		}
		if err != nil {
			return nil, err
		}
		handler, all, _, err := a.handler(pages, &watcher{health: h}, func(context.Context) {})
		sites[a.ID] = all
		return handler, err
	}
	own, err := open(root)
	if err != nil {
		t.Fatal(err)
	}
	w := walked{base: "https://utkik.example.org", cookie: "__Host-utkik", sessions: map[account.Role]string{}, keys: map[account.Role]string{}}
	if w.App, err = root.Organisation(organisation); err != nil {
		t.Fatal(err)
	}
	if organisation != "" {
		w.base, w.cookie = w.base+"/o/"+organisation, w.cookie+"."+organisation
	}
	w.handler = root.housed(own, open)
	w.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, w.base+"/healthz", nil)) // its pages are made
	w.site = sites[organisation]
	for role := account.Reader; role <= account.Admin; role++ {
		secret := token.Random()
		s := store.Session{Hash: token.Hash(secret), Actor: "oidc:" + role.String(), Name: "N", Role: role.String(), Made: w.now(), Seen: w.now(), Ends: w.now().Add(time.Hour)}
		if err := w.Store.AddSession(ctx, s, ""); err != nil {
			t.Fatal(err)
		}
		w.sessions[role] = secret
		if w.keys[role], _, err = w.AddKey(ctx, role.String(), role.String(), w.now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// TestNothingStandsOpen walks through everything that serve answers, by every way in which somebody may be known, and
// through every method: who may not is refused, and so is what another site's page sends in the name of one who may.
func TestNothingStandsOpen(t *testing.T) {
	t.Parallel()
	t.Run("own", func(t *testing.T) { t.Parallel(); nothingStandsOpen(t, whole(t, "")) })
	t.Run("under a path", func(t *testing.T) { t.Parallel(); nothingStandsOpen(t, whole(t, "skogsby")) })
}

func nothingStandsOpen(t *testing.T, a walked) {
	t.Helper()
	ctx := t.Context()
	handler, all, sessions, keys := a.handler, a.site, a.sessions, a.keys
	others := "__Host-utkik" // under which the same secret opens nothing here
	if a.ID == "" {
		others = "__Host-utkik.skogsby"
	}
	ask := func(method, path string, head map[string]string) int {
		r := httptest.NewRequestWithContext(ctx, method, a.base+path, nil)
		for k, v := range head {
			r.Header.Set(k, v)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code
	}
	known := func(role account.Role) []map[string]string {
		if role == account.Nobody {
			return []map[string]string{nil, {"Cookie": a.cookie + "=" + token.Random()}, {"Cookie": "utkik=" + sessions[account.Admin]}, {"Cookie": others + "=" + sessions[account.Admin]}}
		}
		return []map[string]string{{"Cookie": a.cookie + "=" + sessions[role]}, {"Authorization": "Bearer " + keys[role]}}
	}
	refused := func(code int) bool { return code == http.StatusUnauthorized || code == http.StatusForbidden }
	methods := []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"}

	wildcard := regexp.MustCompile(`\{[^}]*\}`)
	guarded, writes, routed, whatever := 0, 0, map[string]bool{}, map[string]bool{} // routed: method and path; whatever: path
	for _, at := range all.list {
		method, path, ok := strings.Cut(at.Pattern, " ")
		if !ok {
			method, path = http.MethodGet, at.Pattern
		}
		path = wildcard.ReplaceAllString(strings.NewReplacer("{$}", "", "{source}", "ft-portal", "{ref...}", "1").Replace(path), "x")
		routed[method+" "+path] = true
		whatever[path] = !ok && at.Role > account.Nobody
		write := method != http.MethodGet && method != http.MethodHead
		if write {
			writes++
		}
		if at.Role == account.Nobody {
			if openByDesign[at.Pattern] == "" {
				t.Errorf("%s is open to all, and nobody has said why", at.Pattern)
			}
		} else {
			guarded++
			if write && at.Role < account.Editor && ownByDesign[at.Pattern] == "" {
				t.Errorf("%s: a write that a %s may do", at.Pattern, at.Role)
			}
			asked := []string{method}
			if !ok { // by whatever method
				asked = methods
			}
			for role := account.Nobody; role <= account.Admin; role++ {
				for i, head := range known(role) {
					for _, m := range asked {
						code := ask(m, path, head)
						stranger := ownByDesign[at.Pattern] != "" && role < account.Editor // whom nothing here belongs to
						if (role < at.Role || stranger) && !refused(code) || role >= at.Role && !stranger && refused(code) {
							t.Errorf("%s %s, which asks for %s: %s in way %d is answered %d", m, at.Pattern, at.Role, role, i, code)
						}
						if role == account.Nobody && code != http.StatusUnauthorized {
							t.Errorf("%s %s: somebody unknown is answered %d, want 401", m, at.Pattern, code)
						}
					}
				}
			}
		}
		for _, m := range methods[3:] { // all but those that only read
			for _, forged := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}} {
				forged["Cookie"] = a.cookie + "=" + sessions[account.Admin]
				if code := ask(m, path, forged); code != http.StatusForbidden {
					t.Errorf("%s %s in another site's name %v: %d, want 403", m, path, forged, code)
				}
			}
		}
	}
	// What is not listed is not answered: any other method, by anybody.
	for _, at := range slices.Sorted(maps.Keys(routed)) {
		_, path, _ := strings.Cut(at, " ")
		for _, m := range methods {
			if whatever[path] || routed[m+" "+path] || m == "HEAD" && routed["GET "+path] {
				continue
			}
			for _, head := range []map[string]string{nil, {"Authorization": "Bearer " + keys[account.Admin]}} {
				if code := ask(m, path, head); code < 400 {
					t.Errorf("%s %s is answered %d, and not listed", m, path, code)
				}
			}
		}
	}
	if guarded < 20 || writes < 5 {
		t.Errorf("%d addresses are guarded, %d write: the walk has not seen everything", guarded, writes)
	}

	// No cache keeps what is somebody's own.
	for path, want := range map[string]string{"/signin": "no-store", "/audit": "no-store", "/feeds": "private, no-cache", "/api/v1/sources": ""} {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, a.base+path, nil)
		r.Header.Set("Cookie", a.cookie+"="+sessions[account.Admin])
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		got, vary := w.Header().Get("Cache-Control"), w.Header().Get("Vary")
		if want != "" && got != want || strings.Contains(got, "public") || !strings.Contains(vary, "Cookie") || w.Code != http.StatusOK {
			t.Errorf("%s: %d, Cache-Control %q, Vary %q", path, w.Code, got, vary)
		}
	}

	// Nothing was written but keys and sessions.
	lines, err := a.Store.AuditLog(ctx, store.AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		t.Errorf("written meanwhile: %+v", l)
	}
}

// TestEveryWriteIsOneLine writes at every address that takes a write, and finds one line of the audit log for each: who,
// by which way, what, on what. Doing it again where that is nothing adds none.
func TestEveryWriteIsOneLine(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	a := whole(t, "")
	handler, all, sessions, keys := a.handler, a.site, a.sessions, a.keys
	department := a.Plan.Departments[0].ID
	reader := func(more string) string {
		return `{"address": "x@example.org", "name": "X", "follows": [{"departments": ["` + department + `"]}]` + more + `}`
	}
	const form, json = "application/x-www-form-urlencoded", "application/json"
	act := func(act token.Act) string {
		ring, err := a.ring(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return token.ActPath + ring.Seal(token.Claim{Act: act, Recipient: "x", Whose: token.Whose("x@example.org")}, a.now())
	}
	session, key := map[string]string{"Cookie": "__Host-utkik=" + sessions[account.Editor]}, map[string]string{"Authorization": "Bearer " + keys[account.Editor]}
	seen := map[string]bool{}
	for _, tt := range []struct {
		pattern, path string
		head          map[string]string
		kind, body    string
		want          []string // who, way, what, on
	}{
		{"POST /api/v1/recipients", "/api/v1/recipients", key, json, reader(`, "id": "x"`), []string{"key:editor", "api", "recipient.add", "x"}},
		{"POST /api/v1/recipients", "/api/v1/recipients", key, json, reader(`, "id": "x"`), nil}, // is there
		{"PUT /api/v1/recipients/{id}", "/api/v1/recipients/x", session, json, reader(`, "language": "en"`), []string{"oidc:editor", "api", "recipient.change", "x"}},
		{"POST /save", "/save?q=rail", session, form, "name=Rail&for=x", []string{"oidc:editor", "web", "subscription.add", "x"}},
		{"POST /save", "/save?q=rail", session, form, "name=Rail&for=x", nil}, // is so
		{"POST /save/own", "/save/own?q=road", session, form, "name=Road&for=x", []string{"oidc:editor", "web", "subscription.add", "x"}},
		{"POST /act/{token}", act(token.Unsubscribe), nil, form, "List-Unsubscribe=One-Click", []string{"recipient:x", "mail", "link.unsubscribe", "x"}},
		{"POST /act/{token}", act(token.Unsubscribe), nil, form, "List-Unsubscribe=One-Click", nil}, // is so
		{"POST /decide/{source}/{ref...}", "/decide/ft-portal/1", session, form, "choice=act&department=" + department, []string{"oidc:editor", "web", "decision.set", "ft-portal/1"}},
		{"POST /api/v1/decisions", "/api/v1/decisions", key, json, `{"source": "ft-portal", "ref": "1", "department": "` + department + `", "decision": "follow"}`, []string{"key:editor", "api", "decision.set", "ft-portal/1"}},
		{"POST /api/v1/decisions", "/api/v1/decisions", key, json, `{"source": "ft-portal", "ref": "1", "department": "` + department + `", "decision": "follow"}`, nil}, // is so
		{"POST /api/v1/recipients/{id}/subscriptions", "/api/v1/recipients/x/subscriptions", key, json, `{"name": "n", "search": "wind"}`, []string{"key:editor", "api", "subscription.add", "x"}},
		{"POST /api/v1/recipients/{id}/subscriptions", "/api/v1/recipients/x/subscriptions", key, json, `{"name": "n", "search": "wind"}`, nil}, // is so
		{"DELETE /api/v1/recipients/{id}/subscriptions", "/api/v1/recipients/x/subscriptions?name=n", key, "", "", []string{"key:editor", "api", "subscription.remove", "x"}},
		{"DELETE /api/v1/recipients/{id}", "/api/v1/recipients/x", key, "", "", []string{"key:editor", "api", "recipient.delete", "x"}},
		{"DELETE /api/v1/recipients/{id}", "/api/v1/recipients/x", key, "", "", nil},                        // is gone
		{"POST /signin/mail", "/signin/mail", nil, form, "address=anna@example.org", nil},                   // asks for a link, and writes nothing of ours
		{"POST /signin/link/{token}", "/signin/link/x", nil, form, "", nil},                                 // internal/door tests the true ones
		{"POST /signout", "/signout", session, form, "", []string{"oidc:editor", "web", "session.end", ""}}, // the last: the session is over
	} {
		seen[tt.pattern] = true
		method, _, _ := strings.Cut(tt.pattern, " ")
		before, err := a.Store.AuditLog(ctx, store.AuditFilter{})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(ctx, method, "https://utkik.example.org"+tt.path, strings.NewReader(tt.body))
		r.Header.Set("Content-Type", tt.kind)
		for k, v := range tt.head {
			r.Header.Set(k, v)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		after, err := a.Store.AuditLog(ctx, store.AuditFilter{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		if lines := after[:len(after)-len(before)]; len(lines) == 1 {
			got = []string{lines[0].Who, lines[0].Way, lines[0].What, lines[0].On}
		} else if len(lines) > 1 {
			t.Errorf("%s: %d lines: %+v", tt.pattern, len(lines), lines)
		}
		if d := cmp.Diff(tt.want, got); d != "" || tt.want != nil && w.Code >= 400 {
			t.Errorf("%s: %d %.300s (-want +got):\n%s", tt.pattern, w.Code, w.Body, d)
		}
	}
	for _, at := range all.list {
		if method, _, ok := strings.Cut(at.Pattern, " "); ok && method != http.MethodGet && !seen[at.Pattern] {
			t.Errorf("%s writes, and nobody has looked at its line of the audit log", at.Pattern)
		}
	}
}
