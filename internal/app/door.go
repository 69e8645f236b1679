package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"utkik/config"
	"utkik/internal/account"
	"utkik/internal/door"
	"utkik/internal/outbox"
	"utkik/internal/store"
	"utkik/internal/token"
	"utkik/internal/web"
)

// newDoor makes what finds out who asks. sent is called when a mail with a link was written to the outbox.
func (a *App) newDoor(show func(http.ResponseWriter, *http.Request, door.Page), sent func(context.Context)) (*door.Door, error) {
	c := a.Config
	proxies, err := c.Web.Networks()
	if err != nil {
		return nil, err // unreachable: the configuration was checked
	}
	role := func(name string) account.Role {
		r, _ := account.ParseRole(name) // empty is nobody; anything else was checked
		return r
	}
	conf := door.Config{
		Store: a.Store, BaseURL: c.Web.BaseURL, Root: c.Web.Root(), Proxies: proxies, Session: c.Signin.Session, Idle: c.Signin.Idle,
		Show: show, Zone: Stockholm(), Now: a.now, Log: a.log,
	}
	if a.parent != nil && conf.Root != "" {
		conf.Whose = a.ID
	}
	if o := c.Signin.OIDC; o.Issuer != "" {
		conf.OIDC = door.OIDC{Issuer: o.Issuer, ClientID: o.ClientID, ClientSecret: o.ClientSecret, Label: o.Label, Scopes: strings.Fields(o.Scopes),
			Claim: o.Claim, Everyone: role(o.Everyone), Transport: http.DefaultTransport}
		for _, r := range o.Roles {
			conf.OIDC.Roles = append(conf.OIDC.Roles, door.ClaimRole{Value: r.Value, Role: role(r.Role)})
		}
	}
	conf.Mail = door.Mail{Recipients: role(c.Signin.Mail.Recipients), Sent: sent,
		Ring: func(ctx context.Context) (token.Ring, error) {
			if err := a.renewKeys(ctx); err != nil {
				return nil, err
			}
			return *a.keys.Load(), nil
		},
		ID: func(k store.MailKey) string { return outbox.MessageID(a.Store.Stored(k), a.letter().Domain()) },
	}
	for _, m := range c.Signin.Mail.Allow {
		conf.Mail.Allow = append(conf.Mail.Allow, door.Allowed{Address: m.Address, Domain: m.Domain, Role: role(m.Role)})
	}
	return door.New(conf)
}

// anyone is what somebody unknown may do.
func (a *App) anyone() account.Role {
	if a.Config.Web.Reading == "signin" {
		return account.Nobody
	}
	return account.Reader
}

// Show lays a page of the door's out in the frame of the pages.
func (p *pages) Show(w http.ResponseWriter, r *http.Request, page door.Page) {
	p.now.Load().Show(w, r, web.Sheet(page))
}

// pruneDoor forgets sessions and links that are over, with their mails, and lines of the audit log that are older than they are kept.
func (a *App) pruneDoor(ctx context.Context) error {
	now := a.now()
	n, err := a.Store.PruneSessions(ctx, now, now.Add(-a.Config.Signin.Idle), now.Add(-24*time.Hour), door.KindSignIn)
	if err != nil {
		return err
	}
	if n > 0 {
		a.log.InfoContext(ctx, "old sessions are forgotten", "sessions", n)
	}
	if a.Config.Audit.Keep == 0 {
		return nil
	}
	if n, err = a.Store.PruneAudit(ctx, now.Add(-a.Config.Audit.Keep)); n > 0 {
		a.log.InfoContext(ctx, "old lines of the audit log are forgotten", "lines", n)
	}
	return err
}

// keyName is what a key may be called: it stands in the audit log and on command lines.
var keyName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// AddKey makes a key for a program and gives it, which nobody can a second time.
func (a *App) AddKey(ctx context.Context, name, role string, ends time.Time) (key string, k store.APIKey, err error) {
	r, err := account.ParseRole(role)
	if err != nil {
		return "", k, config.Problems{{File: "command line", Key: "--role", Text: err.Error()}}
	}
	if !keyName.MatchString(name) {
		return "", k, config.Problems{{File: "command line", Key: "NAME", Text: fmt.Sprintf("want small letters, digits and . _ - in a key's name, got %q", name)}}
	}
	key = token.APIKey()
	k = store.APIKey{Name: name, Hash: token.Hash(key), Role: r.String(), Made: a.now(), Ends: ends}
	err = a.Store.AddAPIKey(ctx, k)
	if errors.Is(err, store.ErrExists) {
		err = config.Problems{{File: "command line", Key: "NAME", Text: fmt.Sprintf("there is, or was, a key %q, and the audit log speaks of it; choose another name", name)}}
	}
	return key, k, err
}

// RevokeKey ends a key for good.
func (a *App) RevokeKey(ctx context.Context, name string) error {
	err := a.Store.RevokeAPIKey(ctx, name, a.now())
	if errors.Is(err, store.ErrNotFound) {
		return &UnknownError{What: "open key", Names: []string{fmt.Sprintf("%q", name)}, See: "utkik keys list"}
	}
	return err
}

// Sessions gives who is signed in.
func (a *App) Sessions(ctx context.Context) ([]store.Session, error) {
	now := a.now()
	return a.Store.Sessions(ctx, now, now.Add(-a.Config.Signin.Idle))
}
