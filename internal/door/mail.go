package door

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"net/url"
	"strings"
	texttemplate "text/template"
	"time"

	"utkik/internal/account"
	"utkik/internal/call"
	"utkik/internal/store"
	"utkik/internal/token"
)

// Mail is signing in by a link in a mail.
type Mail struct {
	Allow      []Allowed
	Recipients account.Role // of recipients of digests; Nobody: none for being one

	Ring func(context.Context) (token.Ring, error) // the keys that seal links; there is one at least
	ID   func(store.MailKey) string                // Message-ID of the mail under a key
	Sent func(context.Context)                     // called when a mail was written to the outbox
}

// Allowed is a mail address that is let in, or every address of a domain.
type Allowed struct {
	Address string // or else
	Domain  string
	Role    account.Role
}

func (m Mail) any() bool { return len(m.Allow) > 0 || m.Recipients > account.Nobody }

// mailActor and oidcActor begin the ids of who was known in either way.
const (
	mailActor = "mail:"
	oidcActor = "oidc:"
)

// KindSignIn is the kind of the mails with links to sign in by.
const KindSignIn = "sign-in"

// role is what an address may do, and the name of whom it belongs to, if that is known. Addresses are compared in small
// letters: no server tells them apart.
func (m Mail) role(ctx context.Context, s *store.Store, address string) (role account.Role, name string, err error) {
	_, domain, _ := strings.Cut(address, "@")
	for _, a := range m.Allow {
		if a.Address != "" && strings.EqualFold(a.Address, address) || a.Domain != "" && strings.EqualFold(a.Domain, domain) {
			role = max(role, a.Role)
		}
	}
	all, err := s.Recipients(ctx)
	if err != nil {
		return account.Nobody, "", err
	}
	for _, r := range all {
		if strings.EqualFold(r.Address, address) {
			role, name = max(role, m.Recipients), cmp.Or(name, r.Name)
		}
	}
	return role, name, nil
}

// asking is an address for which a link was asked.
type asking struct {
	address string // in small letters
	browser string // hash of the browser's secret
	back    string
	lang    string
}

// Bounds on links. Who needs more than that in an hour has another trouble than the link.
const (
	maxAsked = 100 // that wait to be looked at
	maxLinks = 5   // of one address in an hour
)

// ask takes the address for which a link is asked. Whether it is known is found out when the answer has been given, so that
// neither its text nor its time tells.
func (d *Door) ask(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	back, typed := local(r.PostFormValue("back")), strings.TrimSpace(r.PostFormValue("address"))
	p, err := mail.ParseAddress(typed)
	if err != nil || p.Address != typed || len(typed) > 254 {
		d.showSignin(w, r, http.StatusBadRequest, back, typed, d.in(r).AddressWrong)
		return
	}
	secret := d.browser(w, r)
	select {
	case d.asked <- asking{strings.ToLower(typed), token.Hash(secret), back, d.lang(r)}:
		http.Redirect(w, r, d.address(r, "/signin/sent"), http.StatusSeeOther)
	default:
		t := d.in(r)
		d.show(w, r, http.StatusServiceUnavailable, t.OftenHead, "message", messagePage{d.frame(r), t.Often, "", ""})
	}
}

// browser gives the browser's secret, and one to a browser that has none.
func (d *Door) browser(w http.ResponseWriter, r *http.Request) string {
	secret := d.got(r, browserCookie)
	if len(secret) != len(token.Random()) {
		secret = token.Random()
	}
	d.put(w, r, browserCookie, secret, browserLife)
	return secret
}

// sent says what comes next, the same to everybody.
func (d *Door) sent(w http.ResponseWriter, r *http.Request) {
	t := d.in(r)
	d.show(w, r, http.StatusOK, t.SentHead, "message", messagePage{d.frame(r), fmt.Sprintf(t.Sent, int(token.DoorLife()/time.Minute)), d.address(r, "/signin"), t.AskAgain})
}

// Run does until the context ends what nobody waits for: it writes the mails with links, and looks for the organisation's
// own sign-in until it is found.
func (d *Door) Run(ctx context.Context) {
	tick := time.NewTicker(searchEvery)
	defer tick.Stop()
	if d.provider != nil {
		d.provider.look(ctx)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case a := <-d.asked:
			if err := d.answer(ctx, a); err != nil && ctx.Err() == nil {
				d.cfg.Log.ErrorContext(ctx, "a link to sign in by was not written", "err", err)
			}
		case <-tick.C:
			if d.provider != nil {
				d.provider.look(ctx)
			}
		}
	}
}

// answer writes the mail that was asked for, to an address that is let in.
func (d *Door) answer(ctx context.Context, a asking) error {
	role, name, err := d.cfg.Mail.role(ctx, d.cfg.Store, a.address)
	if err != nil {
		return err
	}
	if role == account.Nobody {
		d.cfg.Log.InfoContext(ctx, "a link was asked for an address that is not let in") // without it: people mistype their own, too
		return nil
	}
	if _, err := d.cfg.Mail.Ring(ctx); err != nil { // that there is a key when the mail is sent
		return err
	}
	now := d.cfg.Now()
	l := store.SigninLink{ID: token.Name(), Address: a.address, Browser: a.browser, Back: a.back, Made: now, Ends: now.Add(token.DoorLife())}
	content, err := d.letter(a.lang, name)
	if err != nil {
		return err
	}
	key := store.MailKey{Recipient: linkRecipient + l.ID, Period: "once"}
	added, err := d.cfg.Store.AddSigninLink(ctx, l, now.Add(-time.Hour), maxLinks,
		store.Mail{MailKey: key, Kind: KindSignIn, Items: 1, Address: a.address, Name: name, Language: a.lang, MessageID: d.cfg.Mail.ID(key), Due: now}, content)
	if err != nil {
		return err
	}
	if !added {
		d.cfg.Log.WarnContext(ctx, "too many links were asked for one address", "most", maxLinks)
		return nil
	}
	d.cfg.Mail.Sent(ctx)
	return nil
}

// linkRecipient begins the outbox's name for whom a link is for: no recipient's id has a colon.
const linkRecipient = "sign-in:"

// letterTexts are what a mail with a link says; %d are minutes, the link stands in the template.
type letterTexts struct {
	Subject string `json:"subject"`
	Hello   string `json:"hello"` // with the name
	Press   string `json:"press"`
	Button  string `json:"button"`
	Holds   string `json:"holds"` // minutes
	Not     string `json:"not"`
}

type letter struct {
	letterTexts
	Lang, Name, Link string
}

// letter is the mail's content. In place of the link stands its place, which is filled for each when it is sent: whoever
// reads the outbox cannot sign in by it.
func (d *Door) letter(lang, name string) (store.PackedContent, error) {
	v := letter{d.texts[lang].Letter, lang, name, token.Place(d.cfg.BaseURL, token.SignIn, call.Key{})}
	v.Holds = fmt.Sprintf(v.Holds, int(token.DoorLife()/time.Minute))
	if name != "" {
		v.Hello = fmt.Sprintf(v.Hello, name)
	} else {
		v.Hello = ""
	}
	raw, err := files.ReadFile("templates/letter.txt")
	if err != nil {
		return store.PackedContent{}, err // unreachable: it is part of the program
	}
	plain, err := texttemplate.New("letter").Parse(string(raw))
	if err != nil {
		return store.PackedContent{}, err // unreachable: a test lays it out
	}
	var text, html bytes.Buffer
	if err := errors.Join(plain.Execute(&text, v), d.pages.ExecuteTemplate(&html, "letter.html", v)); err != nil {
		return store.PackedContent{}, err
	}
	return store.PackContent(&store.Content{Subject: v.Subject, Text: text.String(), HTML: html.String()})
}

// opened is the link of an address that can be used by this browser; else why not.
func (d *Door) opened(r *http.Request) (store.SigninLink, string, error) {
	t := d.in(r)
	ring, err := d.cfg.Mail.Ring(r.Context())
	if err != nil {
		return store.SigninLink{}, "", err
	}
	now := d.cfg.Now()
	c, err := ring.Open(r.PathValue("token"), now)
	id, ours := strings.CutPrefix(c.Recipient, linkRecipient)
	if errors.Is(err, token.ErrDamaged) || c.Act != token.SignIn || !ours {
		return store.SigninLink{}, t.LinkDamaged, nil
	}
	l, err := d.cfg.Store.SigninLink(r.Context(), id, now)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return l, t.LinkOver, nil
	case err != nil:
		return l, "", err
	case c.Whose != token.Whose(l.Address):
		return l, t.LinkDamaged, nil // unreachable: both were written for one mail
	case !token.Same(token.Hash(d.got(r, browserCookie)), l.Browser):
		return l, t.LinkElsewhere, nil
	}
	return l, "", nil
}

// link is the page that a link leads to. It opens nothing: programs that look through mails follow every link.
func (d *Door) link(w http.ResponseWriter, r *http.Request) {
	l, why, err := d.opened(r)
	switch {
	case err != nil:
		d.broken(w, r, err)
	case why != "":
		d.refuse(w, r, why)
	default:
		t := d.in(r)
		d.show(w, r, http.StatusOK, t.SignInHead, "press", pressPage{d.frame(r), d.address(r, r.URL.EscapedPath()), l.Address})
	}
}

// press signs in whoever has pressed the page's button, once.
func (d *Door) press(w http.ResponseWriter, r *http.Request) {
	l, why, err := d.opened(r)
	if err != nil {
		d.broken(w, r, err)
		return
	}
	if why != "" {
		d.refuse(w, r, why)
		return
	}
	role, name, err := d.cfg.Mail.role(r.Context(), d.cfg.Store, l.Address)
	if err != nil {
		d.broken(w, r, err)
		return
	}
	if role == account.Nobody { // it was taken from the list meanwhile
		d.refuse(w, r, d.in(r).LinkOver)
		return
	}
	s, secret := d.newSession(account.Actor{ID: mailActor + l.Address, Name: cmp.Or(name, l.Address), Mail: l.Address, Role: role})
	ctx := store.Audited(r.Context(), store.Entry{At: s.Made, Who: s.Actor, Way: store.WayWeb, What: "session.open", On: s.Role, Detail: "link"})
	err = d.cfg.Store.UseSigninLink(ctx, l.ID, s, d.former(r), s.Made)
	if errors.Is(err, store.ErrNotFound) {
		d.refuse(w, r, d.in(r).LinkOver)
		return
	}
	if err != nil {
		d.broken(w, r, err)
		return
	}
	d.welcome(w, r, secret, l.Back)
}

// refuse says why a link opens nothing, and where another is asked for.
func (d *Door) refuse(w http.ResponseWriter, r *http.Request, why string) {
	t := d.in(r)
	d.show(w, r, http.StatusGone, t.LinkHead, "message", messagePage{d.frame(r), why, d.address(r, "/signin"), t.AskAgain})
}

// address is that of a page of ours in the reader's language, with pairs of parameters.
func (d *Door) address(r *http.Request, path string, pairs ...string) string {
	path = d.cfg.Root + path
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "/" && pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if lang := d.lang(r); lang != languages[0] {
		q.Set("lang", lang)
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}
