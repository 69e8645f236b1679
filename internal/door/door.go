// Package door decides who asks: it knows people by sessions, which they open at the organisation's own sign-in (OpenID
// Connect) or by a link in a mail, and programs by keys. What it knows it hands on as an [account.Actor]; what an actor
// may do is asked elsewhere, beside each address. It answers the addresses at which people sign in and out, and shows the
// audit log.
//
// Nothing that opens is stored: of sessions, keys and links the store has hashes, of OpenID Connect no token is kept, and
// what the browser must bring back is derived from a secret that only the browser has.
package door

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"utkik/internal/account"
	"utkik/internal/store"
	"utkik/internal/token"
)

//go:embed templates locale/*.json
var files embed.FS

// Config is what the door needs.
type Config struct {
	Store   *store.Store
	BaseURL string         // under which readers reach the pages; required where there is a way to sign in
	Root    string         // path of BaseURL, such as /o/skogsby, which is taken off before the door is asked
	Whose   string         // ends the names of cookies, where another organisation's door stands under the same host; letters, digits and -
	Proxies []netip.Prefix // whose word is taken for whom they ask
	Session time.Duration  // after which somebody signs in anew
	Idle    time.Duration  // without a request, after which the same
	OIDC    OIDC           // none while its issuer is empty
	Mail    Mail           // none while nobody is let in by it

	Show func(http.ResponseWriter, *http.Request, Page) // lays out a page in the frame of the pages
	Zone *time.Location                                 // of times that are shown
	Now  func() time.Time
	Log  *slog.Logger
}

// Page is the content of a page.
type Page struct {
	Title  string
	Status int // 0 for 200
	Body   template.HTML
}

// Route is one address of the door, and who may ask for it.
type Route struct {
	Pattern string       // as http.ServeMux writes it
	Role    account.Role // the least that is asked for; Nobody: open to all, since that is where one is let in
}

// Door answers at the addresses where people sign in.
type Door struct {
	cfg      Config
	texts    map[string]*texts
	pages    *template.Template
	mux      *http.ServeMux
	list     []Route
	provider *provider // nil without OpenID Connect
	asked    chan asking
	tries    *limiter // of signing in, by address
	mails    *limiter // of links asked for, by address
}

// New makes the door. Its templates and texts are part of the program; an error here is a mistake in them.
func New(cfg Config) (*Door, error) {
	d := &Door{cfg: cfg, texts: map[string]*texts{}, mux: http.NewServeMux(), asked: make(chan asking, maxAsked),
		tries: newLimiter("tries", time.Second, 120), mails: newLimiter("mails", 30*time.Second, 100)} // a whole office that comes at eight may share one address
	for _, lang := range languages {
		raw, err := files.ReadFile("locale/" + lang + ".json")
		if err != nil {
			return nil, fmt.Errorf("door: %v", err)
		}
		if d.texts[lang], err = readTexts(raw); err != nil {
			return nil, fmt.Errorf("door: locale/%s.json: %v", lang, err)
		}
	}
	var err error
	if d.pages, err = template.ParseFS(files, "templates/*.html"); err != nil {
		return nil, fmt.Errorf("door: %v", err)
	}
	if cfg.OIDC.Issuer != "" {
		d.provider = newProvider(cfg.OIDC, cfg.BaseURL, cfg.Now, cfg.Log)
	}
	d.routes()
	return d, nil
}

// Ways tells whether there is a way to sign in.
func (d *Door) Ways() bool { return d.provider != nil || d.cfg.Mail.any() }

// routes lists every address and who may ask for it.
func (d *Door) routes() {
	d.handle("GET /signin", account.Nobody, d.signin)
	d.handle("POST /signout", account.Nobody, d.signout)
	d.handle("GET /audit", account.Admin, d.audit)
	if d.provider != nil {
		d.handle("GET /signin/oidc", account.Nobody, d.limited(d.tries, d.leave))
		d.handle("GET "+callbackPath, account.Nobody, d.limited(d.tries, d.callback))
	}
	if d.cfg.Mail.any() {
		d.handle("POST /signin/mail", account.Nobody, d.limited(d.mails, d.ask))
		d.handle("GET /signin/sent", account.Nobody, d.sent)
		d.handle("GET "+token.DoorPath+"{token}", account.Nobody, d.limited(d.tries, d.link))
		d.handle("POST "+token.DoorPath+"{token}", account.Nobody, d.limited(d.tries, d.press))
	}
}

// Routes lists every address.
func (d *Door) Routes() []Route { return slices.Clone(d.list) }

// handle adds an address.
func (d *Door) handle(pattern string, role account.Role, h http.HandlerFunc) {
	d.list = append(d.list, Route{pattern, role})
	d.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer") // links to sign in by stand in addresses
		w.Header().Set("X-Robots-Tag", "noindex")
		switch a := account.From(r.Context()); {
		case a.May(role):
			h(w, r)
		case a.ID == "":
			t := d.in(r)
			d.show(w, r, http.StatusUnauthorized, t.SignInHead, "message", messagePage{d.frame(r), t.MustSignIn, d.address(r, "/signin", "back", r.URL.RequestURI()), t.SignInHead})
		default:
			t := d.in(r)
			d.show(w, r, http.StatusForbidden, t.DeniedHead, "message", messagePage{d.frame(r), t.Denied, "", ""})
		}
	})
}

// ServeHTTP answers at the addresses of [Door.Routes], for whom [Door.Identify] has found out.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.mux.ServeHTTP(w, r) }

// Identify finds out who asks and hands it on. RemoteAddr becomes the address of who asks, where a proxy that is trusted
// asks in its place.
func (d *Door) Identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = d.behindProxies(r)
		if strings.HasPrefix(r.URL.Path, "/static/") { // the same for everybody, and may be kept by caches
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Add("Vary", "Cookie, Authorization")
		actor, err := d.actor(w, r)
		switch {
		case errors.Is(err, errBadKey):
			w.Header().Set("WWW-Authenticate", `Bearer realm="utkik", error="invalid_token"`)
			problem(w, http.StatusUnauthorized, "The key is unknown, revoked or has expired", "ask whoever runs this installation for another: `utkik keys add`")
			return
		case err != nil && errors.Is(r.Context().Err(), context.Canceled): // the reader went away
			return
		case err != nil:
			d.cfg.Log.ErrorContext(r.Context(), "who asks cannot be found out", "err", err) // without the address: a key may stand in it
			problem(w, http.StatusServiceUnavailable, "The store does not answer", "try again in a minute")
			return
		}
		next.ServeHTTP(w, r.WithContext(account.With(r.Context(), actor)))
	})
}

var errBadKey = errors.New("key opens nothing")

// actor is who asks, by a key or by a session.
func (d *Door) actor(w http.ResponseWriter, r *http.Request) (account.Actor, error) {
	if scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "bearer") {
		return d.program(r.Context(), strings.TrimSpace(key))
	}
	return d.person(w, r)
}

// program is who has a key.
func (d *Door) program(ctx context.Context, key string) (account.Actor, error) {
	if !token.IsAPIKey(key) {
		return account.Actor{}, errBadKey
	}
	now := d.cfg.Now()
	k, err := d.cfg.Store.APIKey(ctx, token.Hash(key), now)
	if errors.Is(err, store.ErrNotFound) {
		return account.Actor{}, errBadKey
	}
	if err != nil {
		return account.Actor{}, err
	}
	role, err := account.ParseRole(k.Role)
	if err != nil {
		return account.Actor{}, err // unreachable: it was checked when it was kept
	}
	if day := now.UTC().Format(time.DateOnly); k.Used != day { // the day is enough to see which keys nobody needs
		if err := d.cfg.Store.UseAPIKey(ctx, k.Name, day); err != nil {
			d.cfg.Log.WarnContext(ctx, "that a key was used is not kept", "key", k.Name, "err", err)
		}
	}
	return account.Actor{ID: "key:" + k.Name, Name: k.Name, Role: role}, nil
}

// problem answers a program.
func problem(w http.ResponseWriter, status int, title, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct { // the reader went away: nothing to do
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{title, status, detail})
}

// limited refuses who asks too often.
func (d *Door) limited(l *limiter, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		wait, err := l.admit(r.Context(), d.cfg.Store, r.RemoteAddr, d.cfg.Now())
		if err != nil { // nobody can be let in either
			d.broken(w, r, err)
			return
		}
		if wait == 0 {
			h(w, r)
			return
		}
		t := d.in(r)
		w.Header().Set("Retry-After", fmt.Sprint(int((wait+time.Second-1)/time.Second)))
		d.show(w, r, http.StatusTooManyRequests, t.OftenHead, "message", messagePage{d.frame(r), t.Often, "", ""})
	}
}
