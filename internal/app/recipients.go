package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"utkik/config"
	"utkik/index"
	"utkik/internal/call"
	"utkik/internal/store"
	"utkik/internal/subscription"
)

// Known is what recipients are checked against: the plan in force and the query language.
func (a *App) Known() subscription.Known {
	return subscription.Known{
		Department: func(id string) bool { _, ok := a.Plan.Department(id); return ok },
		Priority:   func(id string) bool { _, ok := a.Plan.Priority(id); return ok },
		Query: func(text string) error {
			_, err := index.Parse(text)
			return err
		},
	}
}

// DepartmentName gives what a department of the plan is called, or its id.
func (a *App) DepartmentName(id string) string {
	if d, ok := a.Plan.Department(id); ok && d.Name != "" {
		return d.Name
	}
	return id
}

// ImportRecipients keeps the recipients of a file, all or none: new ones are added, those that are there altered.
func (a *App) ImportRecipients(ctx context.Context, file string, data []byte) (added, changed int, err error) {
	rs, err := config.DecodeRecipients(file, data, a.Known(), a.DepartmentName)
	if err != nil {
		return 0, 0, err
	}
	there, err := a.Store.Recipients(ctx)
	if err != nil {
		return 0, 0, err
	}
	known := map[string]bool{}
	for i := range there {
		known[there[i].ID] = true
	}
	for i := range rs {
		if known[rs[i].ID] {
			changed++
		}
	}
	return len(rs) - changed, changed, a.keepRecipients(ctx, rs, false)
}

// SaveRecipient keeps one recipient; fresh says that it must not be there yet. What makes it unfit is told
// as [config.Problems].
func (a *App) SaveRecipient(ctx context.Context, r subscription.Recipient, fresh bool) error {
	var ps config.Problems
	for _, p := range r.Check(a.Known()) {
		ps = append(ps, config.Problem{File: fmt.Sprintf("recipient %q", r.ID), Key: p.Key, Text: p.Text})
	}
	if err := ps.Err(); err != nil {
		return err
	}
	return a.keepRecipients(ctx, []subscription.Recipient{r}, fresh)
}

// keepRecipients saves recipients. Who is new is told what happened from the day on which it was added.
func (a *App) keepRecipients(ctx context.Context, rs []subscription.Recipient, fresh bool) error {
	for i := range rs {
		loc, err := time.LoadLocation(rs[i].Zone)
		if err != nil {
			return fmt.Errorf("recipient %q: %v", rs[i].ID, err) // unreachable: it was checked
		}
		now := a.now().In(loc)
		rs[i].Progress.Cursor, err = a.Store.SeqBefore(ctx, time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, loc))
		if err != nil {
			return err
		}
	}
	return a.Store.SaveRecipients(ctx, rs, fresh)
}

// Recipient gives one recipient, or says which command lists them.
func (a *App) Recipient(ctx context.Context, id string) (subscription.Recipient, error) {
	r, err := a.Store.Recipient(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		err = &UnknownError{What: "recipient", Names: []string{fmt.Sprintf("%q", id)}, See: "utkik recipients"}
	}
	return r, err
}

// Decide keeps a decision about a call.
func (a *App) Decide(ctx context.Context, d subscription.Decision) error {
	if err := d.Check(); err != nil {
		return err
	}
	if d.Department != "" {
		if _, ok := a.Plan.Department(d.Department); !ok {
			return &UnknownError{What: "department", Names: []string{fmt.Sprintf("%q", d.Department)}, See: "utkik plan show"}
		}
	}
	if d.Recipient != "" {
		if _, err := a.Recipient(ctx, d.Recipient); err != nil {
			return err
		}
	}
	d.At = a.now()
	err := a.Store.Decide(ctx, d)
	if errors.Is(err, store.ErrNotFound) {
		return &UnknownError{What: "call", Names: []string{fmt.Sprintf("%q", d.Key)}, See: "utkik search"}
	}
	return err
}

// Decisions gives the decisions in force about calls, or, with a key, the whole history of one.
func (a *App) Decisions(ctx context.Context, key call.Key) ([]subscription.Decision, error) {
	if key == (call.Key{}) {
		return a.Store.Decisions(ctx)
	}
	return a.Store.DecisionsOf(ctx, key)
}
