package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"time"

	"utkik/internal/digest"
	"utkik/internal/jobs"
	"utkik/internal/outbox"
	"utkik/internal/store"
)

// tellEvery is how often it is asked what the operator is to be told.
const tellEvery = 10 * time.Minute

// KindNotice is the kind of the operator's mails.
const KindNotice = "notice"

// TellOperator sends the operator one mail of everything that it has not been told: what has lasted, and what of that is
// mended. It goes straight to the server and not by the outbox, whose own failures are among what it tells; until the
// server has taken it nothing counts as told. Nothing is sent without operator.mail and mail.host. It gives how many matters
// were told.
func (a *App) TellOperator(ctx context.Context) (int, error) {
	if a.Config.Operator.Mail == "" || a.Config.Mail.Host == "" {
		return 0, nil
	}
	release, err := a.Store.Hold(ctx, "operator")
	if errors.Is(err, store.ErrRunning) {
		return 0, nil // another program tells
	}
	if err != nil {
		return 0, err
	}
	n, err := a.tellOperator(ctx)
	return n, errors.Join(err, release())
}

func (a *App) tellOperator(ctx context.Context) (int, error) {
	now := a.now() // before the matters are read: what is mended after that is told the next time
	untold, err := a.Store.UntoldNotices(ctx)
	if err != nil || len(untold) == 0 {
		return 0, err
	}
	to, err := mail.ParseAddress(a.Config.Operator.Mail)
	if err != nil {
		return 0, fmt.Errorf("operator.mail: %v", err) // unreachable: the configuration was checked
	}
	matters := make([]digest.Matter, len(untold))
	about := sha256.New()
	for i, n := range untold {
		matters[i] = digest.Matter{Key: n.Key, Text: n.Text, Since: n.Since, Mended: n.Mended}
		fmt.Fprintf(about, "%s %d %d\n", n.Key, n.Since.UnixMilli(), n.Mended.UnixMilli())
	}
	subject, text, err := digest.Operator(matters)
	if err != nil {
		return 0, err
	}
	s, err := a.sender()
	if err != nil {
		return 0, err
	}
	defer s.Close()
	// The same matters make the same Message-ID: who dies before they are marked tells them again, as the same mail.
	key := store.MailKey{Recipient: "operator", Period: "notices " + hex.EncodeToString(about.Sum(nil))}
	_, err = s.Send(ctx, &outbox.Message{ID: outbox.MessageID(key, a.letter().Domain()), Kind: KindNotice, Address: to.Address, Name: to.Name,
		Language: "sv", Date: now, Subject: subject, Text: text})
	if err != nil {
		return 0, fmt.Errorf("mail to operator.mail %s: %w", to.Address, err)
	}
	for i, n := range untold {
		if err := a.Store.NoticeTold(context.WithoutCancel(ctx), n.Key, now); err != nil {
			return i, err
		}
	}
	a.log.InfoContext(ctx, "the operator is told", "matters", len(untold), "address", to.Address)
	return len(untold), nil
}

// tell looks at how the sources stand and tells the operator.
func (w *work) tell(ctx context.Context, _ jobs.Job) error {
	if err := w.Watch(ctx); err != nil {
		return err
	}
	_, err := w.TellOperator(ctx)
	return err
}
