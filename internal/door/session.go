package door

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"utkik/internal/account"
	"utkik/internal/store"
	"utkik/internal/token"
)

// The cookies: who has signed in, and a secret of the browser by which what it is sent back with is known for its own.
const (
	sessionCookie = "utkik"
	browserCookie = "utkik-door"
)

// browserLife is how long a browser keeps its secret: as long as a link in a mail holds, and a little.
const browserLife = 20 * time.Minute

// seenEvery is how exactly it is kept when a session last asked for something: each note is a write.
const seenEvery = time.Minute

// named gives a cookie's name. With __Host- no other host of the domain, and nobody without https, can plant one; it asks for the
// path / and so leaves it to the name to tell organisations apart that stand under one host. A path would not keep
// their cookies from each other either: it only says where they are sent.
func (d *Door) named(r *http.Request, name string) string {
	if d.cfg.Whose != "" {
		name += "." + d.cfg.Whose
	}
	if plainHere(r) {
		return name
	}
	return "__Host-" + name
}

// put sets a cookie; an empty value takes it away. A life of 0 lasts until the browser is closed.
func (d *Door) put(w http.ResponseWriter, r *http.Request, name, value string, life time.Duration) {
	c := &http.Cookie{Name: d.named(r, name), Value: value, Path: "/", MaxAge: int(life / time.Second), Secure: !plainHere(r), HttpOnly: true,
		SameSite: http.SameSiteLaxMode} // not strict: whoever comes from a link in a mail is signed in
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func (d *Door) got(r *http.Request, name string) string {
	c, err := r.Cookie(d.named(r, name))
	if err != nil {
		return ""
	}
	return c.Value
}

// idle is the time since which a session must have asked for something. What was noted is up to a minute old.
func (d *Door) idle(now time.Time) time.Time { return now.Add(-d.cfg.Idle) }

// person is who has signed in; nobody where the session is over.
func (d *Door) person(w http.ResponseWriter, r *http.Request) (account.Actor, error) {
	secret := d.got(r, sessionCookie)
	if secret == "" {
		return account.Actor{}, nil
	}
	ctx, now, hash := r.Context(), d.cfg.Now(), token.Hash(secret)
	s, err := d.cfg.Store.Session(ctx, hash, now, d.idle(now))
	if errors.Is(err, store.ErrNotFound) {
		d.put(w, r, sessionCookie, "", 0)
		return account.Actor{}, nil
	}
	if err != nil {
		return account.Actor{}, err
	}
	role, err := account.ParseRole(s.Role)
	if err != nil {
		return account.Actor{}, err // unreachable: it was checked when it was kept
	}
	if now.Sub(s.Seen) >= seenEvery {
		if address, ok := strings.CutPrefix(s.Actor, mailActor); ok { // whoever was let in by a list may have been taken from it
			if role, _, err = d.cfg.Mail.role(ctx, d.cfg.Store, address); err != nil {
				return account.Actor{}, err
			}
			if role == account.Nobody {
				d.cfg.Log.InfoContext(ctx, "a session has ended: its address is let in no more")
				d.put(w, r, sessionCookie, "", 0)
				return account.Actor{}, d.cfg.Store.EndSession(ctx, hash)
			}
		}
		if err := d.cfg.Store.SeeSession(ctx, hash, role.String(), now); err != nil {
			return account.Actor{}, err
		}
	}
	return account.Actor{ID: s.Actor, Name: s.Name, Mail: s.Mail, Role: role}, nil
}

// newSession is the session of somebody who has just signed in, and the secret for the cookie.
func (d *Door) newSession(a account.Actor) (s store.Session, secret string) {
	now := d.cfg.Now()
	secret = token.Random() // anew for each, so that one that was planted before opens nothing
	return store.Session{Hash: token.Hash(secret), Actor: a.ID, Name: a.Name, Mail: a.Mail, Role: a.Role.String(), Made: now, Seen: now, Ends: now.Add(d.cfg.Session)}, secret
}

// former is the hash of the browser's session so far.
func (d *Door) former(r *http.Request) string {
	if secret := d.got(r, sessionCookie); secret != "" {
		return token.Hash(secret)
	}
	return ""
}

// welcome sends somebody who has signed in to where it came from.
func (d *Door) welcome(w http.ResponseWriter, r *http.Request, secret, back string) {
	d.put(w, r, sessionCookie, secret, d.cfg.Session)
	d.put(w, r, browserCookie, "", 0)
	http.Redirect(w, r, d.cfg.Root+local(back), http.StatusSeeOther)
}

// signout ends the browser's session here. Of the organisation's own sign-in it offers the address.
func (d *Door) signout(w http.ResponseWriter, r *http.Request) {
	a := account.From(r.Context())
	if hash := d.former(r); hash != "" {
		ctx := store.Audited(r.Context(), store.Entry{Who: a.ID, Way: store.WayWeb, What: "session.end"})
		if err := d.cfg.Store.EndSession(ctx, hash); err != nil {
			d.broken(w, r, err)
			return
		}
		d.put(w, r, sessionCookie, "", 0)
	}
	t := d.in(r)
	page := messagePage{d.frame(r), t.SignedOut, "", ""}
	if d.provider != nil && strings.HasPrefix(a.ID, oidcActor) {
		if address := d.provider.endAddress(); address != "" {
			page.Text, page.Link, page.Button = t.SignedOutHere, address, t.SignOutThere
		}
	}
	r = r.WithContext(account.With(r.Context(), account.Actor{})) // the page is for nobody known any more
	d.show(w, r, http.StatusOK, t.SignedOutHead, "message", page)
}

// local gives an address within the site to return to, without what the site stands under. Whatever could lead elsewhere is the first page.
func local(back string) string {
	if !strings.HasPrefix(back, "/") || strings.HasPrefix(back, "//") || strings.ContainsAny(back, "\\") || len(back) > 2000 ||
		strings.ContainsFunc(back, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "/"
	}
	u, err := url.Parse(back)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	return u.RequestURI()
}
