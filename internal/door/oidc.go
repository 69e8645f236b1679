package door

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"utkik/internal/account"
	"utkik/internal/store"
	"utkik/internal/token"
)

// OIDC is the organisation's own sign-in.
type OIDC struct {
	Issuer       string
	ClientID     string
	ClientSecret string // empty: a public client
	Label        string // what the button names; empty: the issuer's host
	Scopes       []string
	Claim        string // that holds roles or groups; dots lead into it
	Roles        []ClaimRole
	Everyone     account.Role // of whoever the provider knows

	Transport http.RoundTripper // by which the provider is asked
}

// ClaimRole is the role that a value of the claim gives.
type ClaimRole struct {
	Value string
	Role  account.Role
}

const callbackPath = "/signin/callback"

// Bounds on what is asked of the provider.
const (
	searchEvery   = time.Minute      // while it is not found
	searchAtLeast = 5 * time.Second  // between two tries, however many people wait
	providerTime  = 10 * time.Second // for one of its answers
	maxAnswer     = 1 << 20          // bytes of one
	stateLife     = 15 * time.Minute // for a password, a second factor and a coffee
	// skew is how far the provider's clock may be behind ours: its tokens hold that much longer. If it is ahead, go-oidc
	// itself allows five minutes.
	skew = 2 * time.Minute
)

// provider is the organisation's own sign-in, which may not have been found yet: a service that starts before its
// provider, or while that is being mended, must not stand still for it.
type provider struct {
	cfg    OIDC
	base   string // of our own pages
	now    func() time.Time
	log    *slog.Logger
	client *http.Client

	mu    sync.Mutex
	found *found
	tried time.Time
	err   error // of the last try
}

// found is a provider as it described itself.
type found struct {
	oauth    oauth2.Config
	verifier *oidc.IDTokenVerifier
	provider *oidc.Provider
	end      string // address at which a browser ends its session there; empty where there is none
	userInfo bool
}

func newProvider(cfg OIDC, base string, now func() time.Time, log *slog.Logger) *provider {
	return &provider{cfg: cfg, base: strings.TrimSuffix(base, "/"), now: now, log: log,
		client: &http.Client{Transport: bounded{cfg.Transport}, Timeout: providerTime}}
}

// bounded cuts answers that are longer than any provider's.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err == nil {
		resp.Body = http.MaxBytesReader(nil, resp.Body, maxAnswer)
	}
	return resp, err
}

// label is what the button names.
func (p *provider) label() string {
	if p.cfg.Label != "" {
		return p.cfg.Label
	}
	u, err := url.Parse(p.cfg.Issuer)
	if err != nil {
		return p.cfg.Issuer // unreachable: the configuration was checked
	}
	return u.Host
}

// look looks for the provider, unless it is found, and says what came of it.
func (p *provider) look(ctx context.Context) { _, _ = p.get(ctx) } // get logs what it finds

// get gives the provider, and looks for it where it has not been found.
func (p *provider) get(ctx context.Context) (*found, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.found != nil {
		return p.found, nil
	}
	if p.err != nil && now.Sub(p.tried).Abs() < searchAtLeast {
		return nil, p.err
	}
	first := p.err == nil
	p.found, p.err = p.discover(ctx)
	p.tried = now
	switch {
	case p.err != nil && ctx.Err() == nil:
		level := slog.LevelWarn // once; what lasts is not told each minute
		if !first {
			level = slog.LevelDebug
		}
		p.log.Log(ctx, level, "the organisation's sign-in is not found; everything else goes on, and it is looked for again", "url", p.cfg.Issuer, "err", p.err)
	case p.err == nil:
		p.log.Info("the organisation's sign-in is found", "url", p.cfg.Issuer)
	}
	return p.found, p.err
}

func (p *provider) discover(ctx context.Context) (*found, error) {
	// The keys are asked for by this context whenever an unknown one appears, so it must outlast the request.
	ctx = oidc.ClientContext(context.WithoutCancel(ctx), p.client)
	made, err := oidc.NewProvider(ctx, p.cfg.Issuer)
	if err != nil {
		return nil, err
	}
	var more struct {
		End      string `json:"end_session_endpoint"`
		UserInfo string `json:"userinfo_endpoint"`
	}
	if err := made.Claims(&more); err != nil {
		return nil, fmt.Errorf("%s: %v", p.cfg.Issuer, err)
	}
	f := &found{provider: made, end: more.End, userInfo: more.UserInfo != "",
		oauth: oauth2.Config{ClientID: p.cfg.ClientID, ClientSecret: p.cfg.ClientSecret, Endpoint: made.Endpoint(),
			RedirectURL: p.base + callbackPath, Scopes: p.cfg.Scopes}}
	f.verifier = made.VerifierContext(ctx, &oidc.Config{ClientID: p.cfg.ClientID, Now: func() time.Time { return p.now().Add(-skew) }})
	return f, nil
}

// endAddress is where a browser ends its session at the provider; empty where it offers none. The ID token that could
// prove who asks is not kept, so the provider may ask whether it is meant.
func (p *provider) endAddress() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil || p.found.end == "" {
		return ""
	}
	u, err := url.Parse(p.found.end)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	q := u.Query()
	q.Set("client_id", p.cfg.ClientID)
	q.Set("post_logout_redirect_uri", p.base+"/")
	u.RawQuery = q.Encode()
	return u.String()
}

// flow is one way through the provider and back. All of it follows from the browser's secret and the state, so nothing of
// it is stored, several tabs do not disturb each other, and any machine can end what another has begun.
type flow struct {
	state    string // number, time, language, the page to return to, and a MAC of them under the browser's secret
	verifier string // of PKCE
	nonce    string
	back     string
	lang     string
}

func begin(secret, number, back, lang string, now time.Time) flow {
	text := strings.Join([]string{number, strconv.FormatInt(now.Unix(), 36), lang, base64.RawURLEncoding.EncodeToString([]byte(back))}, ".")
	derive := func(purpose string) string {
		return base64.RawURLEncoding.EncodeToString(token.MAC([]byte(secret), "sign in: "+purpose, []byte(text)))
	}
	return flow{text + "." + derive("state"), derive("pkce"), derive("nonce"), back, lang}
}

// resume gives the flow of a state that this browser began and not too long ago.
func resume(secret, state string, now time.Time) (flow, bool) {
	parts := strings.Split(state, ".")
	if secret == "" || len(parts) != 5 {
		return flow{}, false
	}
	unix, err := strconv.ParseInt(parts[1], 36, 64)
	back, errBack := base64.RawURLEncoding.DecodeString(parts[3])
	if err != nil || errBack != nil {
		return flow{}, false
	}
	begun := time.Unix(unix, 0)
	f := begin(secret, parts[0], string(back), parts[2], begun)
	ok := subtle.ConstantTimeCompare([]byte(f.state), []byte(state)) == 1 && !now.Before(begun.Add(-time.Minute)) && now.Before(begun.Add(stateLife))
	return f, ok
}

// leave sends the browser to the organisation's own sign-in.
func (d *Door) leave(w http.ResponseWriter, r *http.Request) {
	f, err := d.provider.get(r.Context())
	if err != nil {
		d.failed(w, r, http.StatusServiceUnavailable, d.in(r).NoProvider)
		return
	}
	way := begin(d.browser(w, r), token.Name(), local(r.URL.Query().Get("back")), d.lang(r), d.cfg.Now())
	http.Redirect(w, r, f.oauth.AuthCodeURL(way.state, oauth2.S256ChallengeOption(way.verifier), oidc.Nonce(way.nonce)), http.StatusSeeOther)
}

// failed says why nobody was signed in, and offers to try again.
func (d *Door) failed(w http.ResponseWriter, r *http.Request, status int, text string) {
	t := d.in(r)
	d.show(w, r, status, t.FailedHead, "message", messagePage{d.frame(r), text, d.address(r, "/signin"), t.TryAgain})
}

// callback is where the provider sends the browser back to.
func (d *Door) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	way, ok := resume(d.got(r, browserCookie), q.Get("state"), d.cfg.Now())
	if way.lang != "" && way.lang != languages[0] { // the provider brings back no language
		q.Set("lang", way.lang)
		r = r.Clone(r.Context())
		r.URL.RawQuery = q.Encode()
	}
	t := d.in(r)
	if !ok || q.Get("iss") != "" && q.Get("iss") != d.cfg.OIDC.Issuer { // the answer of another provider is no answer
		d.failed(w, r, http.StatusBadRequest, t.Stale)
		return
	}
	if said := q.Get("error"); said != "" {
		d.cfg.Log.WarnContext(r.Context(), "the organisation's sign-in refused", "err", clean(said+": "+q.Get("error_description")))
		d.failed(w, r, http.StatusForbidden, fmt.Sprintf(t.ProviderSaid, clean(said)))
		return
	}
	f, err := d.provider.get(r.Context())
	if err != nil {
		d.failed(w, r, http.StatusServiceUnavailable, t.NoProvider)
		return
	}
	who, err := d.provider.known(r.Context(), f, q.Get("code"), &way)
	var unreached *url.Error
	if errors.As(err, &unreached) {
		d.cfg.Log.ErrorContext(r.Context(), "the organisation's sign-in does not answer", "err", unreached)
		d.failed(w, r, http.StatusServiceUnavailable, t.NoProvider)
		return
	}
	if err != nil {
		d.cfg.Log.ErrorContext(r.Context(), "an answer of the organisation's sign-in is not believed", "err", err)
		d.failed(w, r, http.StatusBadGateway, t.NotProved)
		return
	}
	if who.Role == account.Nobody {
		d.cfg.Log.WarnContext(r.Context(), "somebody without a role has signed in; signin.oidc.roles says which values of the claim give one", "claim", d.cfg.OIDC.Claim)
		d.failed(w, r, http.StatusForbidden, fmt.Sprintf(t.NoRole, who.Name))
		return
	}
	s, secret := d.newSession(who)
	ctx := store.Audited(r.Context(), store.Entry{At: s.Made, Who: s.Actor, Way: store.WayWeb, What: "session.open", On: s.Role, Detail: who.Name})
	if err := d.cfg.Store.AddSession(ctx, s, d.former(r)); err != nil {
		d.broken(w, r, err)
		return
	}
	d.welcome(w, r, secret, way.back)
}

// known gives who a code stands for, once everything that the provider says has been proved.
func (p *provider) known(ctx context.Context, f *found, code string, way *flow) (account.Actor, error) {
	ctx = oidc.ClientContext(ctx, p.client)
	got, err := f.oauth.Exchange(ctx, code, oauth2.VerifierOption(way.verifier))
	if err != nil {
		return account.Actor{}, fmt.Errorf("code: %w", err)
	}
	raw, ok := got.Extra("id_token").(string)
	if !ok {
		return account.Actor{}, errors.New("no id_token came; is openid among signin.oidc.scopes?")
	}
	id, err := f.verifier.Verify(ctx, raw)
	if err != nil {
		return account.Actor{}, err
	}
	if !token.Same(id.Nonce, way.nonce) {
		return account.Actor{}, errors.New("the nonce is another one")
	}
	if id.Subject == "" || len(id.Subject) > 255 { // as the standard bounds it
		return account.Actor{}, fmt.Errorf("a subject of %d bytes", len(id.Subject))
	}
	var all json.RawMessage
	if err := id.Claims(&all); err != nil {
		return account.Actor{}, err
	}
	c, err := readClaims(all, p.cfg.Claim)
	if err != nil {
		return account.Actor{}, err
	}
	if f.userInfo && (!c.has || c.Mail == "" || c.Name == "") { // Keycloak may put roles, and others the name, only there
		if err := p.more(ctx, f, got, id.Subject, &c); err != nil {
			return account.Actor{}, err
		}
	}
	if c.elsewhere { // Entra ID, for more than 200 groups
		p.log.Warn("somebody has more groups than a token holds, and the claim was left out; use app roles in place of groups", "claim", p.cfg.Claim)
	}
	if !c.has {
		p.log.Warn("the claim is neither in the ID token nor at userinfo; the provider must be told to put it there", "claim", p.cfg.Claim)
	}
	return account.Actor{ID: oidcActor + id.Subject, Name: c.shown(id.Subject), Mail: c.address(), Role: p.cfg.role(c.values)}, nil
}

// more fills in what the ID token did not say from what the provider says of the same person elsewhere.
func (p *provider) more(ctx context.Context, f *found, got *oauth2.Token, subject string, c *claims) error {
	info, err := f.provider.UserInfo(ctx, oauth2.StaticTokenSource(got))
	if err != nil {
		p.log.Warn("userinfo is not told; only what the ID token says is known", "err", err)
		return nil
	}
	if info.Subject != subject {
		return errors.New("userinfo speaks of somebody else")
	}
	var all json.RawMessage
	if err := info.Claims(&all); err != nil {
		return err
	}
	other, err := readClaims(all, p.cfg.Claim)
	if err != nil {
		return err
	}
	c.fill(&other)
	return nil
}

// clean gives what a provider said as it may stand on a page and in a log.
func clean(s string) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u202e' {
			return ' '
		}
		return r
	}, s)), " ")
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	return s
}
