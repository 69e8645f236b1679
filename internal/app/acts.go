package app

import (
	"context"

	"utkik/internal/door"
	"utkik/internal/store"
	"utkik/internal/token"
)

// openLinks makes mails carry links by which their readers act, where the pages that answer them have an address.
func (a *App) openLinks(ctx context.Context) error {
	base := a.Config.Web.BaseURL
	if base == "" {
		return nil
	}
	fill := token.NewFiller(base)
	a.Fill = func(m store.Mail, body string) string {
		return fill.Fill(*a.keys.Load(), body, linked(m))
	}
	a.Unsubscribe = func(m store.Mail) string {
		if m.Kind == KindNotice || m.Kind == door.KindSignIn { // the operator's address is ended in the configuration; a link was asked for
			return ""
		}
		return fill.Address(*a.keys.Load(), token.Unsubscribe, linked(m))
	}
	return a.readKeys(ctx)
}

// linked is a mail as its links are filled.
func linked(m store.Mail) token.Mail {
	return token.Mail{Recipient: m.Recipient, Period: m.Period, Address: m.Address, Written: m.Written}
}

// readKeys reads the keys that there are.
func (a *App) readKeys(ctx context.Context) error {
	ring, err := a.ring(ctx)
	if err == nil {
		a.keys.Store(&ring)
	}
	return err
}

func (a *App) ring(ctx context.Context) (token.Ring, error) {
	keys, err := a.Store.SigningKeys(ctx)
	var out token.Ring
	for _, k := range keys {
		out = append(out, token.Key(k))
	}
	return out, err
}

// renewKeys makes a new key where the newest is of age, and reads those that other machines made. Mails are filled under
// the key that was the newest when they were written, so it is done before mails are written.
func (a *App) renewKeys(ctx context.Context) error {
	if a.Config.Web.BaseURL == "" {
		return nil
	}
	if err := a.readKeys(ctx); err != nil {
		return err
	}
	now := a.now()
	if !a.keys.Load().Due(now) {
		return nil
	}
	if err := a.Store.AddSigningKey(ctx, token.Secret(), now, token.Fresh(now), token.Old(now)); err != nil {
		return err
	}
	return a.readKeys(ctx)
}
