package door

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/account"
	"utkik/internal/store"
	"utkik/internal/token"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	ctx := t.Context()
	add := func(name, role string, ends time.Time) string {
		t.Helper()
		key := token.APIKey()
		if err := h.store.AddAPIKey(ctx, store.APIKey{Name: name, Hash: token.Hash(key), Role: role, Made: h.now(), Ends: ends}); err != nil {
			t.Fatal(err)
		}
		return key
	}
	editor, short, gone := add("import", "editor", h.now().Add(time.Hour)), add("kort", "admin", h.now().Add(time.Minute)), add("borta", "admin", h.now().Add(time.Hour))
	if err := h.store.RevokeAPIKey(ctx, "borta", h.now()); err != nil {
		t.Fatal(err)
	}
	h.pass(2 * time.Minute)
	who := h.signedIn(t, account.Actor{ID: "mail:anna@example.org", Name: "Anna", Role: account.Admin})
	for _, tt := range []struct {
		name, header string
		status       int
		want         string
	}{
		{"a key", "Bearer " + editor, 200, "key:import|import||editor|"},
		{"in small letters", "bearer  " + editor, 200, "key:import|import||editor|"},
		{"over", "Bearer " + short, 401, "revoked or has expired"},
		{"revoked", "Bearer " + gone, 401, "revoked or has expired"},
		{"unknown", "Bearer " + token.APIKey(), 401, "utkik keys add"},
		{"no key at all", "Bearer x", 401, "utkik keys add"},
		{"empty", "Bearer ", 401, "utkik keys add"},
		{"a proxy's own", "Basic YTpi", 200, "mail:anna@example.org|Anna||admin|"},
	} {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+"/who", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", tt.header)
		a := do(t, who, r) // a key that is wrong is refused, whoever has signed in
		if a.status != tt.status || !strings.Contains(a.body, tt.want) {
			t.Errorf("%s: %d %s, want %d %s", tt.name, a.status, a.body, tt.status, tt.want)
		}
		if challenge := a.head.Get("WWW-Authenticate"); (tt.status == 401) != strings.HasPrefix(challenge, "Bearer ") {
			t.Errorf("%s: challenge %q", tt.name, challenge)
		}
		if tt.status == 401 && !json.Valid([]byte(a.body)) {
			t.Errorf("%s: %s is not JSON", tt.name, a.body)
		}
	}
	ks, err := h.store.APIKeys(ctx)
	if err != nil || len(ks) != 3 || ks[1].Name != "import" || ks[1].Used != h.now().UTC().Format(time.DateOnly) || ks[0].Used != "" {
		t.Errorf("used: %+v, %v", ks, err)
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	anna := account.Actor{ID: "oidc:1", Name: "Anna", Mail: "anna@example.org", Role: account.Editor}
	c := h.signedIn(t, anna)
	const want = "oidc:1|Anna|anna@example.org|editor"
	for i := range 6 { // ten hours, never idle for two
		if got := h.whoAsks(t, c); got != want {
			t.Fatalf("after %d h: %s", 100*i/60, got)
		}
		h.pass(100 * time.Minute)
	}
	h.pass(3 * time.Hour)
	if got := h.whoAsks(t, c); got != "|||nobody" {
		t.Errorf("after 13 hours: %s", got)
	}
	u, _ := url.Parse(h.url)
	if cookies := c.Jar.Cookies(u); len(cookies) != 0 {
		t.Errorf("the browser keeps the cookie of a session that is over: %v", cookies)
	}
	c = h.signedIn(t, anna)
	h.pass(2*time.Hour + time.Second)
	if got := h.whoAsks(t, c); got != "|||nobody" {
		t.Errorf("after two idle hours: %s", got)
	}
	c = h.signedIn(t, anna)
	if n, err := h.store.EndSessionsOf(t.Context(), "oidc:1"); err != nil || n == 0 {
		t.Fatal(n, err)
	}
	if got := h.whoAsks(t, c); got != "|||nobody" {
		t.Errorf("ended by the operator: %s", got)
	}

	c = h.signedIn(t, anna)
	if a := get(t, c, h.url+"/signin"); !strings.Contains(a.body, "Du är inloggad som <strong>Anna") {
		t.Errorf("the page for signing in: %s", a.body)
	}
	other := h.signedIn(t, anna)
	if a := post(t, c, h.url+"/signout"); a.status != 200 || !strings.Contains(a.body, "Du är utloggad") {
		t.Errorf("signing out: %d %s", a.status, a.body)
	}
	if got, there := h.whoAsks(t, c), h.whoAsks(t, other); got != "|||nobody" || there != want {
		t.Errorf("signed out: %s; the other browser: %s", got, there)
	}
	if a := post(t, c, h.url+"/signout"); a.status != 200 {
		t.Errorf("signing out twice: %d", a.status)
	}
	if d := cmp.Diff([]string{"oidc:1 session.end"}, h.audit(t)); d != "" {
		t.Errorf("audit (-want +got):\n%s", d)
	}
	c = h.signedIn(t, anna)
	get(t, c, h.url+"/signout")
	if got := h.whoAsks(t, c); got != want {
		t.Errorf("a link can sign somebody out: %s", got)
	}
}

// Several machines on one database know the same sessions, and what one ended has ended on the other.
func TestSessionsOnTwoMachines(t *testing.T) {
	t.Parallel()
	address := pg.URL(t)
	a, b := buildAt(t, address, nil), buildAt(t, address, nil)
	c := a.signedIn(t, account.Actor{ID: "oidc:1", Name: "Anna", Role: account.Reader})
	if got, there := a.whoAsks(t, c), b.whoAsks(t, c); got != "oidc:1|Anna||reader" || there != got { // cookies know no ports
		t.Errorf("%s; %s", got, there)
	}
	post(t, c, b.url+"/signout")
	if got := a.whoAsks(t, c); got != "|||nobody" {
		t.Errorf("signed out at the other: %s", got)
	}
}

// Cookies over https are of the host alone, and no script sees them.
func TestCookies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		address, name string
		secure        bool
		whose         string
	}{
		{"https://utkik.example.org/signin", "__Host-utkik.berg", true, "berg"},
		{"http://localhost/signin", "utkik.berg", false, "berg"},
		{"https://utkik.example.org/signin", "__Host-utkik", true, ""},
		{"http://utkik.example.org/signin", "__Host-utkik", true, ""}, // behind a proxy that speaks TLS for it
		{"http://10.0.0.7:8080/signin", "__Host-utkik", true, ""},
		{"http://127.0.0.1:8080/signin", "utkik", false, ""},
		{"http://localhost/signin", "utkik", false, ""},
		{"http://[::1]:8080/signin", "utkik", false, ""},
		{"https://localhost/signin", "__Host-utkik", true, ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, tt.address, nil)
		w := httptest.NewRecorder()
		(&Door{cfg: Config{Whose: tt.whose}}).put(w, r, sessionCookie, "s", time.Hour)
		got := w.Result().Cookies()
		want := http.Cookie{Name: tt.name, Value: "s", Path: "/", MaxAge: 3600, Secure: tt.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
		if len(got) != 1 {
			t.Fatalf("%s: %v", tt.address, got)
		}
		got[0].Raw = ""
		if d := cmp.Diff(want, *got[0]); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.address, d)
		}
	}
}

func TestProxies(t *testing.T) {
	t.Parallel()
	d := &Door{cfg: Config{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("2001:db8::/32")}}}
	for _, tt := range []struct {
		name, remote string
		hops         []string
		want         string
	}{
		{"straight", "203.0.113.9:5", nil, "203.0.113.9:5"},
		{"straight, and says it is another", "203.0.113.9:5", []string{"198.51.100.1"}, "203.0.113.9:5"},
		{"a proxy", "10.1.2.3:5", []string{"203.0.113.9"}, "203.0.113.9:0"},
		{"two proxies", "127.0.0.1:5", []string{"203.0.113.9, 10.1.2.3"}, "203.0.113.9:0"},
		{"two proxies, two headers", "127.0.0.1:5", []string{"203.0.113.9", "10.1.2.3"}, "203.0.113.9:0"},
		{"what somebody said before the proxies", "127.0.0.1:5", []string{"198.51.100.1, 203.0.113.9, 10.1.2.3"}, "203.0.113.9:0"},
		{"with a port", "127.0.0.1:5", []string{"203.0.113.9:4711"}, "203.0.113.9:0"},
		{"six", "[2001:db8::1]:5", []string{"2001:db9::7"}, "[2001:db9::7]:0"},
		{"four in six", "[::ffff:10.0.0.1]:5", []string{"203.0.113.9"}, "203.0.113.9:0"},
		{"nonsense", "127.0.0.1:5", []string{"unknown"}, "127.0.0.1:0"},
		{"nonsense before", "127.0.0.1:5", []string{"_x, 10.1.2.3"}, "10.1.2.3:0"},
		{"none said", "127.0.0.1:5", nil, "127.0.0.1:0"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = tt.remote
		r.Header["X-Forwarded-For"] = tt.hops
		if got := d.behindProxies(r).RemoteAddr; got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	for back, want := range map[string]string{
		"/": "/", "/call/ft-portal/RAIL-1?lang=en": "/call/ft-portal/RAIL-1?lang=en", "/?q=järnväg": "/?q=järnväg", "/a#b": "/a",
		"": "/", "//evil.example": "/", "///evil.example": "/", "/\\evil.example": "/", "\\\\evil.example": "/", "https://evil.example/": "/",
		"javascript:alert(1)": "/", "/\t/evil.example": "/", "/\n/evil.example": "/", "evil.example": "/", "/%2f/evil.example": "/", "/%2F%2Fevil.example": "/",
		"/./..//evil.example": "/./..//evil.example", "/x" + strings.Repeat("a", 3000): "/", "/%zz": "/", " /": "/", "/call/a%2Fb": "/call/a%2Fb",
	} {
		if got := local(back); got != want {
			t.Errorf("local(%q) = %q, want %q", back, got, want)
		}
	}
}

func FuzzLocal(f *testing.F) {
	for _, s := range []string{"/", "//x", "/\\x", "/a?b#c", "/%2f%2fx"} {
		f.Add(s)
	}
	base := &url.URL{Scheme: "https", Host: "utkik.example.org", Path: "/signin"}
	f.Fuzz(func(t *testing.T, s string) {
		got := local(s)
		u, err := base.Parse(got)
		if err != nil || u.Host != base.Host || u.Scheme != base.Scheme || strings.HasPrefix(got, "//") || strings.Contains(got, "\\") {
			t.Errorf("local(%q) = %q leads to %v, %v", s, got, u, err)
		}
	})
}

func TestLimiter(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := newLimiter("tries", time.Minute, 3)
	for i, want := range []time.Duration{0, 0, 0, time.Minute, time.Minute} {
		if got := l.wait("203.0.113.9:1", now); got != want {
			t.Errorf("try %d: %v, want %v", i, got, want)
		}
	}
	for _, other := range []string{"203.0.113.10:1", "[2001:db8::1]:1", "nonsense"} {
		if got := l.wait(other, now); got != 0 {
			t.Errorf("%s waits %v", other, got)
		}
	}
	for range 2 {
		l.wait("[2001:db8::2]:1", now)
	}
	if got := l.wait("[2001:db8::ffff]:1", now); got == 0 {
		t.Error("a household has as many tries as addresses")
	}
	if got := l.wait("203.0.113.9:1", now.Add(time.Minute)); got != 0 {
		t.Errorf("after a minute: %v", got)
	}
	for i := range maxKnown + 10 {
		l.wait(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}).String(), now)
	}
	if len(l.known) > maxKnown {
		t.Errorf("%d addresses are known", len(l.known))
	}
	if got := l.wait("198.51.100.1:1", now.Add(time.Hour)); got != 0 || len(l.known) > maxKnown {
		t.Errorf("an hour later: %v, %d known", got, len(l.known))
	}
}

// Who asks too often is told to wait, and others are not; whichever machine they ask.
func TestTooOften(t *testing.T) {
	t.Parallel()
	set := func(c *Config) {
		c.Mail.Allow = []Allowed{{Domain: "example.org", Role: account.Reader}}
		c.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	}
	t.Run("one machine", func(t *testing.T) { t.Parallel(); testTooOften(t, build(t, set)) })
	t.Run("two machines", func(t *testing.T) {
		t.Parallel()
		database := pg.URL(t)
		testTooOften(t, buildAt(t, database, set), buildAt(t, database, set))
	})
}

func testTooOften(t *testing.T, houses ...*house) {
	c := newBrowser(t)
	asked := 0
	ask := func(from string) answer {
		asked++
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, houses[asked%len(houses)].url+token.DoorPath+"x", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Forwarded-For", from)
		return do(t, c, r)
	}
	refused := 0
	for range 140 {
		if a := ask("203.0.113.9"); a.status == http.StatusTooManyRequests {
			refused++
			if a.head.Get("Retry-After") == "" || !strings.Contains(a.body, "Vänta några minuter") {
				t.Fatalf("%v %s", a.head, a.body)
			}
		}
	}
	if refused < 5 || refused > 20 {
		t.Errorf("%d of 140 refused, want about 20", refused)
	}
	if a := ask("198.51.100.1"); a.status == http.StatusTooManyRequests {
		t.Error("somebody else has to wait, too")
	}
}

func TestAuditPage(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	for i := range linesOnPage + 5 {
		e := store.Entry{At: h.now().Add(time.Duration(i) * time.Second), Who: "key:import", Way: store.WayAPI, What: "decision.set", On: "ft-portal/<b>" + strings.Repeat("x", i%3)}
		if err := h.store.Audit(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	for actor, want := range map[account.Actor]int{{}: 401, {ID: "oidc:1", Role: account.Reader}: 403, {ID: "oidc:1", Role: account.Editor}: 403, {ID: "oidc:1", Role: account.Admin}: 200} {
		c := newBrowser(t)
		if actor.ID != "" {
			c = h.signedIn(t, actor)
		}
		a := get(t, c, h.url+"/audit")
		if a.status != want || want != 200 && strings.Contains(a.body, "key:import") {
			t.Errorf("%v: %d, want %d", actor.Role, a.status, want)
		}
		if want != 200 {
			continue
		}
		if n := strings.Count(a.body, "<td>key:import</td>"); n != linesOnPage || strings.Contains(a.body, "<b>") {
			t.Errorf("%d lines of %d", n, linesOnPage)
		}
		_, rest, _ := strings.Cut(a.body, `<a href="/audit?before=`)
		older, _, _ := strings.Cut(rest, `"`)
		if a = get(t, c, h.url+"/audit?before="+older); strings.Count(a.body, "<td>key:import</td>") != 5 || strings.Contains(a.body, "before=") {
			t.Errorf("the second page:\n%s", a.body)
		}
		if a = get(t, c, h.url+"/audit?who=nobody&lang=en"); !strings.Contains(a.body, "There are no such entries.") || !strings.Contains(a.body, `name="lang" value="en"`) {
			t.Errorf("nobody's:\n%s", a.body)
		}
	}
}

// The texts are there in both languages, with the same places for what is put in.
func TestTexts(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	var walk func(path string, a, b reflect.Value)
	walk = func(path string, a, b reflect.Value) {
		switch a.Kind() {
		case reflect.Struct:
			for i := range a.NumField() {
				walk(path+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i))
			}
		case reflect.Map:
			if a.Len() != b.Len() || a.Len() == 0 {
				t.Errorf("%s: %d and %d", path, a.Len(), b.Len())
			}
		default:
			x, y := a.String(), b.String()
			if x == "" || y == "" || x == y && path != ".Log.When" {
				t.Errorf("%s: %q and %q", path, x, y)
			}
			if strings.Count(x, "%") != strings.Count(y, "%") {
				t.Errorf("%s: other places: %q and %q", path, x, y)
			}
		}
	}
	walk("", reflect.ValueOf(*h.texts["sv"]), reflect.ValueOf(*h.texts["en"]))
}

// Where nobody can sign in, the page says so.
func TestNoWay(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	if a := get(t, newBrowser(t), h.url+"/signin"); a.status != 404 || !strings.Contains(a.body, "Här behöver ingen logga in") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// A store that does not answer lets nobody in, and says so to whoever shows a session.
func TestBrokenStore(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	c := h.signedIn(t, account.Actor{ID: "oidc:1", Role: account.Admin})
	if err := h.store.Close(); err != nil {
		t.Fatal(err)
	}
	if a := get(t, c, h.url+"/who"); a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, "does not answer") || strings.Contains(a.body, "sql") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := get(t, newBrowser(t), h.url+"/who"); a.status != 200 {
		t.Errorf("without a session: %d", a.status)
	}
}

// BenchmarkIdentify is what it costs a request to be known by its session.
func BenchmarkIdentify(b *testing.B) {
	h := build(b, nil)
	s, secret := h.newSession(account.Actor{ID: "oidc:1", Name: "Anna", Role: account.Reader})
	if err := h.store.AddSession(b.Context(), s, ""); err != nil {
		b.Fatal(err)
	}
	next := h.Identify(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if account.From(r.Context()).ID != "oidc:1" {
			b.Error("not known")
		}
	}))
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "http://127.0.0.1/", nil)
	r.AddCookie(&http.Cookie{Name: sessionCookie, Value: secret})
	for b.Loop() {
		next.ServeHTTP(httptest.NewRecorder(), r)
	}
}
