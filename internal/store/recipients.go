package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"utkik/internal/call"
	"utkik/internal/subscription"
)

// ErrExists says that something is there already under that name.
var ErrExists = errors.New("exists already")

// Recipients gives every recipient with what it follows, by id.
func (s *Store) Recipients(ctx context.Context) ([]subscription.Recipient, error) {
	out, err := all(ctx, s, scanRecipient, recipientList, s.prefix)
	if err != nil {
		return nil, err
	}
	at := make(map[string]int, len(out))
	for i := range out {
		at[out[i].ID] = i
	}
	err = each(ctx, s, scanSubscription, func(f follow) error {
		if i, ok := at[f.recipient]; ok { // added since the list was read otherwise
			out[i].Follows = append(out[i].Follows, f.what)
		}
		return nil
	}, subscriptionList, s.prefix)
	for i := range out {
		out[i].ID = s.bare(out[i].ID)
	}
	return out, err
}

// Recipient gives one recipient; ErrNotFound when there is none of that id.
func (s *Store) Recipient(ctx context.Context, id string) (subscription.Recipient, error) {
	r, err := one(ctx, s, fmt.Sprintf("recipient %q", id), scanRecipient, recipientOne, s.own(id))
	if err != nil {
		return r, err
	}
	err = each(ctx, s, scanSubscription, func(f follow) error { r.Follows = append(r.Follows, f.what); return nil }, subscriptionOne, r.ID)
	r.ID = s.bare(r.ID)
	return r, err
}

// SaveRecipients keeps recipients with what they follow: all or none. Who is there already is altered, but for its
// progress; who is new has been told what came before its Progress.Cursor. With fresh, one that is there is ErrExists.
func (s *Store) SaveRecipients(ctx context.Context, rs []subscription.Recipient, fresh bool) error {
	doing := fmt.Sprintf("saving %d recipients", len(rs))
	now := s.now()
	err := s.write(ctx, survivesPower, func(t *txn) error {
		for i := range rs {
			if err := saveRecipient(t, &rs[i], fresh, now); err != nil {
				return fmt.Errorf("recipient %q: %w", rs[i].ID, err)
			}
		}
		return nil
	})
	switch {
	case errors.Is(err, ErrExists):
		return err
	case err != nil:
		return s.fail(doing, nothingSaved, err)
	}
	return nil
}

func saveRecipient(t *txn, r *subscription.Recipient, fresh bool, now time.Time) error {
	id := t.store.own(r.ID)
	n, err := t.exec(recipientInsert, id, r.Address, r.Name, r.Department, r.Language, r.Zone, r.Hour, string(r.Rhythm), string(r.Weekday),
		bit(r.Lifesign), r.Pause.Until, r.Pause.StandIn, r.Progress.Cursor, ms(now))
	switch {
	case err != nil:
		return err
	case n == 0 && fresh:
		return ErrExists
	case n == 0:
		return updateRecipient(t, id, r)
	}
	return saveFollows(t, id, r)
}

// updateRecipient puts r in the place of what is stored under id, but for its progress.
func updateRecipient(t *txn, id string, r *subscription.Recipient) error {
	if _, err := t.exec(recipientUpdate, r.Address, r.Name, r.Department, r.Language, r.Zone, r.Hour, string(r.Rhythm), string(r.Weekday),
		bit(r.Lifesign), r.Pause.Until, r.Pause.StandIn, id); err != nil {
		return err
	}
	if _, err := t.exec(subscriptionDelete, id); err != nil {
		return err
	}
	return saveFollows(t, id, r)
}

func saveFollows(t *txn, id string, r *subscription.Recipient) error {
	for i := range r.Follows {
		if err := saveSubscription(t, id, i+1, &r.Follows[i]); err != nil {
			return err
		}
	}
	return nil
}

func saveSubscription(t *txn, recipient string, n int, f *subscription.Subscription) error {
	var lists [4]string
	for k, v := range []any{f.Departments, f.Priorities, f.Programmes, f.Kinds} {
		text, err := json.Marshal(v)
		if err != nil {
			return err // unreachable: lists of texts
		}
		lists[k] = string(text)
	}
	_, err := t.exec(subscriptionInsert, recipient, n, f.Name, lists[0], lists[1], lists[2], lists[3], f.Search)
	return err
}

// subscriptions gives what a recipient follows.
func (t *txn) subscriptions(id string) ([]subscription.Subscription, error) {
	var out []subscription.Subscription
	err := eachIn(t, func(row scanner) error {
		f, err := scanSubscription(row)
		out = append(out, f.what)
		return err
	}, subscriptionThere, id)
	return out, err
}

// Subscribe adds one thing to what a recipient follows, after what it follows already; whoever else adds or alters at the
// same time loses nothing. ErrNotFound when there is no recipient of that id, ErrExists when it follows the same already, under
// whatever name.
func (s *Store) Subscribe(ctx context.Context, id string, f subscription.Subscription) error {
	return s.altered(ctx, "subscribing recipient", id, func(t *txn) (int64, error) {
		id := s.own(id)
		n, err := t.exec(recipientLock, id) // others wait for it, on either engine
		if n == 0 || err != nil {
			return n, err
		}
		there, err := t.subscriptions(id)
		if err != nil {
			return 0, err
		}
		for _, x := range there {
			if x.Name = f.Name; x.String() == f.String() {
				return 0, ErrExists
			}
		}
		var last int
		if err := t.row(subscriptionLast, id).Scan(&last); err != nil {
			return 0, err
		}
		return n, saveSubscription(t, id, last+1, &f)
	})
}

// AlterRecipient hands a recipient as it stands to become, and keeps what that gives in its place, but for its progress and its id;
// nil removes it. Nobody else alters it in between, on whichever machine: who holds it to what was read before is either
// right or refused. What become refuses with comes back as it is, and then nothing is altered. ErrNotFound when there is no
// recipient of that id.
func (s *Store) AlterRecipient(ctx context.Context, id string, become func(subscription.Recipient) (*subscription.Recipient, error)) error {
	var refused error
	err := s.altered(ctx, "altering recipient", id, func(t *txn) (int64, error) {
		id := s.own(id)
		n, err := t.exec(recipientLock, id) // others wait for it, on either engine
		if n == 0 || err != nil {
			return n, err
		}
		was, err := scanRecipient(t.row(recipientThere, id))
		if err != nil {
			return 0, err
		}
		if was.Follows, err = t.subscriptions(id); err != nil {
			return 0, err
		}
		was.ID = s.bare(was.ID)
		r, err := become(was)
		switch {
		case err != nil:
			refused = err
			return 0, err
		case r == nil:
			return removeRecipient(t, id)
		}
		return n, updateRecipient(t, id, r)
	})
	if refused != nil {
		return refused
	}
	return err
}

// RemoveRecipient forgets a recipient and what it follows; the outbox keeps what it was sent. ErrNotFound when
// there is none of that id.
func (s *Store) RemoveRecipient(ctx context.Context, id string) error {
	return s.altered(ctx, "removing recipient", id, func(t *txn) (int64, error) { return removeRecipient(t, s.own(id)) })
}

func removeRecipient(t *txn, id string) (int64, error) {
	if _, err := t.exec(subscriptionDelete, id); err != nil {
		return 0, err
	}
	return t.exec(recipientDelete, id)
}

// PauseRecipient sets or, with the zero Pause, ends a pause. ErrNotFound when there is none of that id.
func (s *Store) PauseRecipient(ctx context.Context, id string, p subscription.Pause) error {
	return s.altered(ctx, "pausing recipient", id, func(t *txn) (int64, error) {
		return t.exec(recipientPause, p.Until, p.StandIn, s.own(id))
	})
}

func (s *Store) altered(ctx context.Context, doing, id string, fn func(*txn) (int64, error)) error {
	err := s.write(ctx, survivesPower, func(t *txn) error {
		n, err := fn(t)
		if err == nil && n == 0 {
			return ErrNotFound
		}
		return err
	})
	switch {
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrExists):
		return fmt.Errorf("recipient %q: %w", id, err)
	case err != nil:
		return s.fail(fmt.Sprintf("%s %q", doing, id), nothingSaved, err)
	}
	return nil
}

// LiftSuspension lets mail go to an address again, and what waited for it or was refused is queued anew. It tells
// how many mails that is.
func (s *Store) LiftSuspension(ctx context.Context, address string, now time.Time) (int, error) {
	var n int64
	err := s.write(ctx, survivesPower, func(t *txn) error {
		if _, err := t.exec(suspensionDelete, address); err != nil {
			return err
		}
		if _, err := t.exec(noticeMend, ms(now), addressNotice(address)); err != nil {
			return err
		}
		var err error
		n, err = t.exec(outboxResume, ms(now), address)
		return err
	})
	if err != nil {
		return 0, s.fail("lifting the suspension of "+address, nothingSaved, err)
	}
	return int(n), nil
}

// Suspended tells whether mail to an address is held back, and why.
func (s *Store) Suspended(ctx context.Context, address string) (subscription.Suspension, error) {
	var since int64
	var out subscription.Suspension
	err := s.row(ctx, suspensionOne, address).Scan(&since, &out.Reason)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return out, s.fail("suspension of "+address, "", err)
	}
	out.Since = at(since)
	return out, nil
}

// Decide keeps a decision. A call that is not stored is ErrNotFound.
func (s *Store) Decide(ctx context.Context, d subscription.Decision) error {
	err := s.write(ctx, survivesPower, func(t *txn) error {
		var id int64
		err := t.row(decisionCall, d.Key.Source, d.Key.Ref).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if err == nil {
			_, err = t.exec(decisionInsert, id, s.ownOf(d.Department), s.ownOf(d.Recipient), string(d.Choice), d.Why, d.Who, ms(d.At))
		}
		return err
	})
	switch {
	case errors.Is(err, ErrNotFound):
		return about(d.Key, err)
	case err != nil:
		return s.fail("saving a decision about "+d.Key.String(), nothingSaved, err)
	}
	return nil
}

// Decisions gives the decisions in force, by call, department and recipient; those taken back are among them.
func (s *Store) Decisions(ctx context.Context) ([]subscription.Decision, error) {
	return all(ctx, s, s.scanDecision, decisionList, s.prefix)
}

// DecisionsOf gives every decision about a call, oldest first.
func (s *Store) DecisionsOf(ctx context.Context, key call.Key) ([]subscription.Decision, error) {
	return all(ctx, s, s.scanDecision, decisionListAll, s.prefix, key.Source, key.Ref)
}

// SeqBefore gives the last seq of the change log that is older than t, 0 when there is none.
func (s *Store) SeqBefore(ctx context.Context, t time.Time) (int64, error) {
	return one(ctx, s, "change log", scanNumber, changeBefore, ceilMS(t))
}

// LastSeq gives the last seq that was given. Lines up to it are all there (see the package's text on order).
func (s *Store) LastSeq(ctx context.Context) (int64, error) {
	return one(ctx, s, "change log", scanNumber, changeLast)
}

func scanNumber(row scanner) (n int64, err error) {
	err = row.Scan(&n)
	return n, err
}

func scanRecipient(row scanner) (subscription.Recipient, error) {
	var r subscription.Recipient
	var waiting string
	var mailed, since int64
	err := row.Scan(&r.ID, &r.Address, &r.Name, &r.Department, &r.Language, &r.Zone, &r.Hour, &r.Rhythm, &r.Weekday, &r.Lifesign,
		&r.Pause.Until, &r.Pause.StandIn, &r.Progress.Cursor, &waiting, &r.Progress.Period, &mailed, &since, &r.Suspended.Reason)
	if err != nil {
		return r, err
	}
	r.Progress.Mailed, r.Suspended.Since = at(mailed), at(since)
	if err := json.Unmarshal([]byte(waiting), &r.Progress.Waiting); err != nil {
		return r, fmt.Errorf("recipient %q: stored list of what waits cannot be read: %v", r.ID, err)
	}
	return r, nil
}

type follow struct {
	recipient string
	what      subscription.Subscription
}

func scanSubscription(row scanner) (follow, error) {
	var f follow
	var lists [4]string
	if err := row.Scan(&f.recipient, &f.what.Name, &lists[0], &lists[1], &lists[2], &lists[3], &f.what.Search); err != nil {
		return f, err
	}
	for i, to := range []any{&f.what.Departments, &f.what.Priorities, &f.what.Programmes, &f.what.Kinds} {
		if err := json.Unmarshal([]byte(lists[i]), to); err != nil {
			return f, fmt.Errorf("recipient %q: a stored subscription cannot be read: %v", f.recipient, err)
		}
	}
	return f, nil
}

func (s *Store) scanDecision(row scanner) (subscription.Decision, error) {
	var d subscription.Decision
	var when int64
	err := row.Scan(&d.Key.Source, &d.Key.Ref, &d.Department, &d.Recipient, &d.Choice, &d.Why, &d.Who, &when)
	d.At, d.Department, d.Recipient = at(when), s.bare(d.Department), s.bare(d.Recipient)
	return d, err
}
