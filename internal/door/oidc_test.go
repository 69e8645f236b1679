package door

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"utkik/internal/account"
	"utkik/internal/token"
)

// realm is a real provider of OpenID Connect, at which everybody is signed in as Anna. Between it and the house a test may
// alter what it says.
type realm struct {
	*storage.Storage
	server *httptest.Server
	issuer string
	home   string // where the house is

	mu       sync.Mutex
	inToken  map[string]any // claims of Anna's ID token beside the standard ones
	atInfo   map[string]any // and at userinfo
	meddle   func(claims map[string]any) (forged map[string]any, key any)
	asked    []url.Values // what the house asked of the token endpoint
	callback []string     // addresses that browsers were sent back to
}

// anna is the only user.
type anna struct{}

func (anna) GetUserByID(string) *storage.User {
	return &storage.User{ID: "anna-1", Username: "anna", Password: "p", FirstName: "Anna", LastName: "Ek", Email: "Anna@Example.org", EmailVerified: true}
}
func (a anna) GetUserByUsername(string) *storage.User { return a.GetUserByID("") }
func (anna) ExampleClientID() string                  { return "service" }

// client lets browsers be sent back to the house when they have signed out.
type client struct {
	op.Client
	home string
}

func (c client) PostLogoutRedirectURIs() []string { return []string{c.home + "/"} }

func (r *realm) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := r.Storage.GetClientByClientID(ctx, id)
	if err != nil {
		return nil, err
	}
	return client{c, r.home}, nil
}

func (r *realm) SetUserinfoFromRequest(ctx context.Context, info *oidc.UserInfo, req op.IDTokenRequest, scopes []string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, v := range r.inToken {
		info.AppendClaims(name, v)
	}
	return r.Storage.SetUserinfoFromRequest(ctx, info, req, scopes)
}

func (r *realm) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, id, subject, origin string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, v := range r.atInfo {
		info.AppendClaims(name, v)
	}
	return r.Storage.SetUserinfoFromToken(ctx, info, id, subject, origin)
}

// newRealm makes a realm that is not open yet.
func newRealm(t *testing.T) *realm {
	t.Helper()
	r := &realm{server: httptest.NewUnstartedServer(nil)}
	r.issuer = "http://" + r.server.Listener.Addr().String()
	t.Cleanup(r.server.Close)
	return r
}

// open starts the realm.
func (r *realm) open(t *testing.T, home, secret string) {
	t.Helper()
	r.home = home
	c := storage.WebClient("utkik", secret, home+callbackPath)
	if secret == "" {
		c = storage.NativeClient("utkik", home+callbackPath)
	}
	r.Storage = storage.NewStorageWithClients(anna{}, map[string]*storage.Client{"utkik": c})
	provider, err := op.NewProvider(&op.Config{CryptoKey: [32]byte{1}, CryptoKeyId: "1", CodeMethodS256: true, AuthMethodPost: true, DefaultLogoutRedirectURI: "/bye"},
		r, op.StaticIssuer(r.issuer), op.WithAllowInsecure())
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	callback := op.AuthCallbackURL(provider)
	mux.Handle("/login/username", op.NewIssuerInterceptor(provider.IssuerFromRequest).HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		id := req.FormValue("authRequestID")
		if err := r.CheckUsernamePassword("anna", "p", id); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		http.Redirect(w, req, callback(req.Context(), id), http.StatusFound)
	}))
	mux.HandleFunc("POST /oauth/token", func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		q, _ := url.ParseQuery(string(body))
		r.mu.Lock()
		r.asked = append(r.asked, q)
		meddle := r.meddle
		r.mu.Unlock()
		req.Body = io.NopCloser(bytes.NewReader(body))
		if meddle == nil {
			provider.ServeHTTP(w, req)
			return
		}
		rec := httptest.NewRecorder()
		provider.ServeHTTP(rec, req)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(rec.Code)
		_, _ = w.Write(r.forge(rec.Body.Bytes(), meddle))
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		rec := httptest.NewRecorder()
		provider.ServeHTTP(rec, req)
		if to := rec.Header().Get("Location"); strings.HasPrefix(to, home) {
			r.mu.Lock()
			r.callback = append(r.callback, to)
			r.mu.Unlock()
		}
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
	r.server.Config.Handler = mux
	r.server.Start()
}

// forge puts another ID token into an answer.
func (r *realm) forge(answer []byte, meddle func(map[string]any) (map[string]any, any)) []byte {
	var all map[string]any
	if err := json.Unmarshal(answer, &all); err != nil || all["id_token"] == nil {
		return answer
	}
	parsed, err := jwt.ParseSigned(all["id_token"].(string), []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		panic(err)
	}
	var claims map[string]any
	if err := parsed.UnsafeClaimsWithoutVerification(&claims); err != nil {
		panic(err)
	}
	forged, key := meddle(claims)
	own, err := r.SigningKey(context.Background())
	if err != nil {
		panic(err)
	}
	raw := ""
	switch k := key.(type) {
	case string: // ready-made
		raw = k
	default:
		if key == nil {
			key = own.Key()
		}
		alg := jose.RS256
		if _, shared := key.([]byte); shared {
			alg = jose.HS256
		}
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", own.ID()))
		if err != nil {
			panic(err)
		}
		if raw, err = jwt.Signed(signer).Claims(forged).Serialize(); err != nil {
			panic(err)
		}
	}
	all["id_token"] = raw
	out, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return out
}

// settings of the door for a realm.
func at(r *realm, secret string) OIDC {
	return OIDC{Issuer: r.issuer, ClientID: "utkik", ClientSecret: secret, Scopes: []string{"openid", "profile", "email"}, Claim: "roles",
		Roles: []ClaimRole{{"utkik-admin", account.Admin}, {"utkik-redaktion", account.Editor}}, Transport: http.DefaultTransport}
}

// joined is a house and a realm that know each other.
func joined(t *testing.T, secret string, set func(*OIDC)) (*house, *realm) {
	t.Helper()
	r := newRealm(t)
	h := build(t, func(c *Config) {
		c.OIDC = at(r, secret)
		if set != nil {
			set(&c.OIDC)
		}
		r.open(t, c.BaseURL, secret)
	})
	return h, r
}

func TestOIDC(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"s3cret+/=", ""} { // a confidential client, and one that PKCE alone protects
		t.Run(fmt.Sprintf("secret %t", secret != ""), func(t *testing.T) {
			t.Parallel()
			h, r := joined(t, secret, nil)
			r.inToken = map[string]any{"roles": []string{"something", "utkik-redaktion"}}
			c := newBrowser(t)
			page := get(t, c, h.url+"/signin?back=%2Fcall%2Fft-portal%2FRAIL-1%3Flang%3Den&lang=en")
			if !strings.Contains(page.body, "Sign in with 127.0.0.1:") || !strings.Contains(page.body, `href="/signin/oidc?back=%2Fcall%2Fft-portal%2FRAIL-1%3Flang%3Den&amp;lang=en"`) {
				t.Fatal(page.body)
			}
			a := get(t, c, h.url+"/signin/oidc?back=%2Fcall%2Fft-portal%2FRAIL-1%3Flang%3Den&lang=en")
			// Name and address come from userinfo, which this provider keeps out of the token.
			if want := "oidc:anna-1|Anna Ek|anna@example.org|editor|/call/ft-portal/RAIL-1?lang=en|"; a.status != 200 || !strings.HasPrefix(a.body, want) {
				t.Fatalf("%d %s at %s, want %s\n%s", a.status, a.body, a.at, want, h.log)
			}
			if d := cmp.Diff([]string{"oidc:anna-1 session.open editor"}, h.audit(t)); d != "" {
				t.Errorf("audit (-want +got):\n%s", d)
			}
			if len(r.asked) != 1 || len(r.asked[0].Get("code_verifier")) < 43 {
				t.Errorf("the token endpoint was asked %v", r.asked)
			}
			if again := get(t, c, r.callback[0]); again.status != http.StatusBadRequest { // the way was gone once
				t.Errorf("the same answer twice: %d", again.status)
			}
			if got := h.whoAsks(t, c); got != "oidc:anna-1|Anna Ek|anna@example.org|editor" {
				t.Errorf("after that: %s", got)
			}

			// Signing out offers the organisation's own end, which leads back.
			a = post(t, c, h.url+"/signout")
			_, rest, _ := strings.Cut(a.body, `href="`+r.issuer)
			end, _, _ := strings.Cut(rest, `"`)
			if !strings.Contains(a.body, "fortfarande inloggad hos din organisation") || end == "" {
				t.Fatal(a.body)
			}
			if a = get(t, c, r.issuer+strings.ReplaceAll(end, "&amp;", "&")); a.status != 200 || !strings.HasPrefix(a.body, "|||nobody|/|") {
				t.Errorf("the end leads to %s: %d %s", a.at, a.status, a.body)
			}
		})
	}
}

// Roles as Entra ID and Keycloak tell them, through a real sign-in.
func TestOIDCRoles(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		set     func(*OIDC)
		inToken map[string]any
		atInfo  map[string]any
		want    string // the role; empty: not let in
		says    string
	}{
		{"Entra ID, an app role", func(o *OIDC) {}, map[string]any{"roles": []string{"utkik-admin"}, "tid": "a", "oid": "b"}, nil, "admin", ""},
		{"Entra ID, groups", func(o *OIDC) {
			o.Claim, o.Roles = "groups", []ClaimRole{{"7c9b2f1e-0000-4000-8000-000000000001", account.Editor}}
		}, map[string]any{"groups": []string{"7c9b2f1e-0000-4000-8000-000000000002", "7c9b2f1e-0000-4000-8000-000000000001"}}, nil, "editor", ""},
		{"Entra ID, too many groups", func(o *OIDC) { o.Claim = "groups" }, map[string]any{
			"_claim_names": map[string]string{"groups": "src1"}, "_claim_sources": map[string]any{"src1": map[string]string{"endpoint": "https://graph.example.org/me"}}}, nil, "", "use app roles in place of groups"},
		{"Keycloak, realm roles", func(o *OIDC) { o.Claim = "realm_access.roles" }, map[string]any{"realm_access": map[string]any{"roles": []string{"offline_access", "utkik-redaktion"}}}, nil, "editor", ""},
		{"Keycloak, client roles", func(o *OIDC) { o.Claim = "resource_access.utkik.example.org.roles" },
			map[string]any{"resource_access": map[string]any{"utkik.example.org": map[string]any{"roles": []string{"utkik-admin"}}}}, nil, "admin", ""},
		{"Keycloak, groups by their path", func(o *OIDC) { o.Claim, o.Roles = "groups", []ClaimRole{{"/utkik/redaktion", account.Editor}} },
			map[string]any{"groups": []string{"/utkik/redaktion", "/alla"}}, nil, "editor", ""},
		{"only at userinfo", func(o *OIDC) {}, nil, map[string]any{"roles": []string{"utkik-admin"}}, "admin", ""},
		{"one text", func(o *OIDC) { o.Claim = "https://example.org/role" }, map[string]any{"https://example.org/role": "utkik-admin"}, nil, "admin", ""},
		{"everyone", func(o *OIDC) { o.Everyone = account.Reader }, nil, nil, "reader", ""},
		{"everyone, and more", func(o *OIDC) { o.Everyone = account.Reader }, map[string]any{"roles": []string{"utkik-redaktion"}}, nil, "editor", ""},
		{"another role", func(o *OIDC) {}, map[string]any{"roles": []string{"UTKIK-ADMIN", "utkik-admin "}}, nil, "", "without a role"},
		{"no claim", func(o *OIDC) {}, nil, nil, "", "neither in the ID token nor at userinfo"},
		{"a claim of another form", func(o *OIDC) {}, map[string]any{"roles": map[string]any{"utkik-admin": true}}, nil, "", "without a role"},
		{"numbers among texts", func(o *OIDC) {}, map[string]any{"roles": []any{1, nil, "utkik-admin"}}, nil, "admin", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, r := joined(t, "secret", tt.set)
			r.inToken, r.atInfo = tt.inToken, tt.atInfo
			a := get(t, newBrowser(t), h.url+"/signin/oidc")
			if tt.want != "" && (a.status != 200 || !strings.HasPrefix(a.body, "oidc:anna-1|Anna Ek|anna@example.org|"+tt.want+"|/|")) {
				t.Errorf("%d %s, want %s", a.status, a.body, tt.want)
			}
			if tt.want == "" && (a.status != 403 || !strings.Contains(a.body, "inloggad hos din organisation som Anna Ek, men har ingen roll här") || len(h.audit(t)) > 0) {
				t.Errorf("%d %s", a.status, a.body)
			}
			if !strings.Contains(h.log.String(), tt.says) {
				t.Errorf("the log does not say %q:\n%s", tt.says, h.log)
			}
		})
	}
}

// What a provider says is believed only when it is proved.
func TestOIDCForged(t *testing.T) {
	t.Parallel()
	ago := func(d time.Duration) float64 { return float64(time.Now().Add(-d).Unix()) }
	other := []byte(strings.Repeat("k", 32))
	for _, tt := range []struct {
		name  string
		forge func(c map[string]any) (key any)
		want  string // in the log; empty: it is believed
	}{
		{"as it is, signed anew", func(map[string]any) any { return nil }, ""},
		{"over for a minute: clocks differ", func(c map[string]any) any { c["exp"] = ago(time.Minute); return nil }, ""},
		{"over for five", func(c map[string]any) any { c["exp"] = ago(5 * time.Minute); return nil }, "expired"},
		{"valid in two minutes: clocks differ", func(c map[string]any) any { c["nbf"] = ago(-2 * time.Minute); return nil }, ""},
		{"valid in an hour", func(c map[string]any) any { c["nbf"] = ago(-time.Hour); return nil }, "before the nbf"},
		{"for another way", func(c map[string]any) any { c["nonce"] = "x"; return nil }, "nonce"},
		{"for no way", func(c map[string]any) any { delete(c, "nonce"); return nil }, "nonce"},
		{"for another application", func(c map[string]any) any { c["aud"] = "x"; return nil }, "audience"},
		{"of another provider", func(c map[string]any) any { c["iss"] = "https://id.example.org"; return nil }, "different provider"},
		{"signed with what is known to both", func(map[string]any) any { return other }, "HS256"},
		{"not signed", func(map[string]any) any { return "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0." }, "none"},
		{"no token", func(map[string]any) any { return "x" }, "malformed"},
		{"of nobody", func(c map[string]any) any { c["sub"] = ""; return nil }, "subject of 0 bytes"},
		{"of another person than userinfo", func(c map[string]any) any { c["sub"] = "bertil"; return nil }, "somebody else"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, r := joined(t, "secret", func(o *OIDC) { o.Everyone = account.Admin })
			r.meddle = func(c map[string]any) (map[string]any, any) { key := tt.forge(c); return c, key }
			c := newBrowser(t)
			a := get(t, c, h.url+"/signin/oidc")
			if tt.want == "" {
				if a.status != 200 {
					t.Errorf("%d %s\n%s", a.status, a.body, h.log)
				}
				return
			}
			if a.status != http.StatusBadGateway || !strings.Contains(a.body, "gick inte att lita på") || strings.Contains(a.body, tt.want) || !strings.Contains(h.log.String(), tt.want) {
				t.Errorf("%d %s\n%s", a.status, a.body, h.log)
			}
			if got := h.whoAsks(t, c); got != "|||nobody" {
				t.Errorf("signed in as %s", got)
			}
		})
	}
}

// The way back is that of the browser that left, and of no other.
func TestOIDCState(t *testing.T) {
	t.Parallel()
	h, r := joined(t, "secret", func(o *OIDC) { o.Everyone = account.Reader })
	still := newBrowser(t)
	still.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	leave := func(c *http.Client) url.Values {
		t.Helper()
		a := get(t, c, h.url+"/signin/oidc?back=%2Fx&lang=en")
		u, err := url.Parse(a.head.Get("Location"))
		if err != nil || a.status != http.StatusSeeOther || !strings.HasPrefix(u.String(), r.issuer) {
			t.Fatalf("%d %s %v", a.status, a.head, err)
		}
		return u.Query()
	}
	q := leave(still)
	if q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 || q.Get("nonce") == "" || q.Get("redirect_uri") != h.url+callbackPath || q.Get("response_type") != "code" {
		t.Errorf("asked for: %v", q)
	}
	state := q.Get("state")
	second := leave(still) // another tab
	if second.Get("state") == state || second.Get("nonce") == q.Get("nonce") || second.Get("code_challenge") == q.Get("code_challenge") {
		t.Error("two ways are one")
	}
	parts := strings.Split(state, ".")
	changed := func(i int, s string) string {
		p := append([]string{}, parts...)
		p[i] = s
		return strings.Join(p, ".")
	}
	back := func(c *http.Client, pairs ...string) answer {
		v := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return get(t, c, h.url+callbackPath+"?"+v.Encode())
	}
	for name, s := range map[string]string{
		"none": "", "another's": changed(4, parts[0]), "another page": changed(3, "Ly9ldmlsLmV4YW1wbGU"), "later": changed(1, strconv.FormatInt(h.now().Add(time.Hour).Unix(), 36)),
		"nonsense": "....", "longer": state + ".x",
	} {
		if a := back(still, "code", "x", "state", s); a.status != http.StatusBadRequest || !strings.Contains(a.body, "/signin") {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if a := back(newBrowser(t), "code", "x", "state", state); a.status != http.StatusBadRequest || !strings.Contains(a.body, "påbörjades i en annan webbläsare") {
		t.Errorf("another browser: %d %s", a.status, a.body)
	}
	if a := back(still, "code", "x", "state", state, "iss", "https://id.example.org"); a.status != http.StatusBadRequest {
		t.Errorf("another provider: %d", a.status)
	}
	if a := back(still, "error", "access_denied<b>", "error_description", "no\nno", "state", state); a.status != http.StatusForbidden || !strings.Contains(a.body, "answered: access_denied&lt;b&gt;") {
		t.Errorf("refused there: %d %s", a.status, a.body)
	}
	if a := back(still, "code", "unknown", "state", state); a.status != http.StatusBadGateway || len(r.asked) == 0 {
		t.Errorf("an unknown code: %d %s", a.status, a.body)
	}
	h.pass(stateLife + time.Second)
	asked := len(r.asked)
	if a := back(still, "code", "x", "state", state); a.status != http.StatusBadRequest || len(r.asked) != asked {
		t.Errorf("too late: %d", a.status)
	}
	if lines := h.audit(t); len(lines) > 0 {
		t.Errorf("somebody was let in: %v", lines)
	}
}

// A provider that is not there keeps nothing else from working, and is found when it comes.
func TestOIDCAway(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	address := r.server.Listener.Addr().String()
	r.server.Listener.Close()
	h := build(t, func(c *Config) { c.OIDC = at(r, "secret"); c.OIDC.Everyone = account.Reader })
	c := newBrowser(t)
	if got := h.whoAsks(t, c); got != "|||nobody" {
		t.Error(got)
	}
	if a := get(t, c, h.url+"/signin"); a.status != 200 || !strings.Contains(a.body, "Logga in med") {
		t.Errorf("%d %s", a.status, a.body)
	}
	for range 3 {
		if a := get(t, c, h.url+"/signin/oidc"); a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, "svarar inte") {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if n := strings.Count(h.log.String(), "is not found; everything else goes on"); n != 1 {
		t.Errorf("told %d times:\n%s", n, h.log)
	}
	r.server = listenAt(t, address)
	r.open(t, h.url, "secret")
	if a := get(t, c, h.url+"/signin/oidc"); a.status != http.StatusServiceUnavailable {
		t.Errorf("asked again at once: %d", a.status)
	}
	h.pass(searchAtLeast)
	if a := get(t, c, h.url+"/signin/oidc"); a.status != 200 || !strings.HasPrefix(a.body, "oidc:anna-1|") || !strings.Contains(h.log.String(), "sign-in is found") {
		t.Errorf("%d %s\n%s", a.status, a.body, h.log)
	}
	late := newBrowser(t)
	late.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	left, err := url.Parse(get(t, late, h.url+"/signin/oidc").head.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	r.server.Close() // while it is away, whoever is signed in is so still, and whoever is on the way is told
	if a := get(t, late, h.url+callbackPath+"?code=s3cret&state="+url.QueryEscape(left.Query().Get("state"))); a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, "svarar inte") || strings.Contains(h.log.String(), "s3cret") {
		t.Errorf("%d %s\n%s", a.status, a.body, h.log)
	}
	if got := h.whoAsks(t, c); !strings.HasPrefix(got, "oidc:anna-1|") {
		t.Error(got)
	}
}

// listenAt makes a server at an address that was just free.
func listenAt(t *testing.T, address string) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.Listener.Close()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s.Listener = l
	t.Cleanup(s.Close)
	return s
}

// Whoever has the state of a way, but not the browser's secret, has neither the nonce nor PKCE's secret.
func TestFlow(t *testing.T) {
	t.Parallel()
	now := time.Now()
	secret := token.Random()
	f := begin(secret, "n", "/x?y=1", "en", now)
	if g, ok := resume(secret, f.state, now.Add(time.Minute)); !ok || g != f {
		t.Errorf("%+v, %v", g, ok)
	}
	for name, c := range map[string]struct {
		secret string
		now    time.Time
	}{"another browser": {token.Random(), now}, "no browser": {"", now}, "too late": {secret, now.Add(stateLife)}, "from the future": {secret, now.Add(-2 * time.Minute)}} {
		if _, ok := resume(c.secret, f.state, c.now); ok {
			t.Errorf("%s resumes", name)
		}
	}
	seen := map[string]bool{}
	for _, s := range append(strings.Split(f.state, "."), f.verifier, f.nonce) {
		if seen[s] {
			t.Errorf("%s stands for two things", s)
		}
		seen[s] = true
	}
}
