package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"utkik/internal/call"
	"utkik/internal/subscription"
)

// SigningKey seals the links in mails by which recipients act.
type SigningKey struct {
	ID     int64
	Made   time.Time
	Secret []byte
}

// SigningKeys gives the keys, oldest first.
func (s *Store) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	return all(ctx, s, func(row scanner) (SigningKey, error) {
		var k SigningKey
		var made int64
		err := row.Scan(&k.ID, &made, &k.Secret)
		k.Made, k.Secret = at(made), s.derived(k.Secret)
		return k, err
	}, signingKeyList)
}

// AddSigningKey keeps a new key and forgets those made before old. Where another program was quicker, and a key was made after
// fresh, that one stands and this is not kept.
func (s *Store) AddSigningKey(ctx context.Context, secret []byte, now, fresh, old time.Time) error {
	err := s.write(ctx, survivesPower, func(t *txn) error {
		if _, _, err := t.take(0, 0); err != nil { // one at a time, on all machines
			return err
		}
		var newest int64
		if err := t.row(signingKeyNewest).Scan(&newest); err != nil {
			return err
		}
		if newest != 0 && newest > ms(fresh) {
			return nil
		}
		if _, err := t.exec(signingKeyPrune, ms(old)); err != nil {
			return err
		}
		_, err := t.exec(signingKeyInsert, ms(now), secret)
		return err
	})
	if err != nil {
		return s.fail("keeping a key", nothingSaved, err)
	}
	return nil
}

// Feed is a feed of a recipient or a department under its secret name.
type Feed struct {
	ID     string // recipient:kultur or department:kultur
	Secret string
	Made   time.Time
}

// Owner tells whose feed it is: recipient or department, and the id.
func (f *Feed) Owner() (kind, id string) {
	kind, id, _ = strings.Cut(f.ID, ":")
	return kind, id
}

// Feeds gives every secret feed, by id.
func (s *Store) Feeds(ctx context.Context) ([]Feed, error) {
	return all(ctx, s, func(row scanner) (Feed, error) {
		var f Feed
		var made int64
		err := row.Scan(&f.ID, &f.Secret, &made)
		f.Made, f.ID = at(made), s.bare(f.ID)
		return f, err
	}, feedList, s.prefix)
}

// SaveFeeds keeps secret feeds. One that is there stays as it is, unless it is to be renewed: then its former name ends.
func (s *Store) SaveFeeds(ctx context.Context, fs []Feed, renew bool) error {
	err := s.write(ctx, survivesPower, func(t *txn) error {
		for _, f := range fs {
			n, err := t.exec(feedInsert, s.own(f.ID), f.Secret, ms(f.Made))
			if err == nil && n == 0 && renew {
				_, err = t.exec(feedRenew, f.Secret, ms(f.Made), s.own(f.ID))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return s.fail("keeping the addresses of feeds", nothingSaved, err)
	}
	return nil
}

// Act is what a recipient did by a link.
type Act struct {
	At        time.Time
	Recipient string
	Act       string
	Key       call.Key // zero where it is about no call
	Detail    string   // a reason, or a day
	Way       string   // page or one-click
}

// Acts gives what a recipient did by links, or what all did when it is empty; the latest first. A limit of 0 is none.
func (s *Store) Acts(ctx context.Context, recipient string, limit int) ([]Act, error) {
	return all(ctx, s, func(row scanner) (Act, error) {
		var a Act
		var when int64
		err := row.Scan(&when, &a.Recipient, &a.Act, &a.Key.Source, &a.Key.Ref, &a.Detail, &a.Way)
		a.At, a.Recipient = at(when), s.bare(a.Recipient)
		return a, err
	}, actList, s.prefix, s.ownOf(recipient), most(limit))
}

// Do keeps an act with what it brings about: a recipient's pause, or decisions about a call; all or nothing. What is so
// already is not done again: then nothing is kept, and changed is false.
func (s *Store) Do(ctx context.Context, a Act, pause *subscription.Pause, decisions ...subscription.Decision) (changed bool, err error) {
	err = s.write(ctx, survivesPower, func(t *txn) error {
		changed = false
		if _, _, err := t.take(0, 0); err != nil { // two presses at once are one
			return err
		}
		if pause != nil {
			var was subscription.Pause
			err := t.row(recipientPaused, s.own(a.Recipient)).Scan(&was.Until, &was.StandIn)
			if errors.Is(err, sql.ErrNoRows) {
				return ErrNotFound
			}
			if err == nil && was != *pause {
				changed = true
				_, err = t.exec(recipientPause, pause.Until, pause.StandIn, s.own(a.Recipient))
			}
			if err != nil {
				return err
			}
		}
		for _, d := range decisions {
			if d.Key != a.Key || d.Check() != nil {
				return fmt.Errorf("decision of another call, or none: %v", d.Check()) // unreachable: the page checks
			}
			var id int64
			var choice, why string
			err := t.row(decisionLast, s.ownOf(d.Department), s.ownOf(d.Recipient), d.Key.Source, d.Key.Ref).Scan(&id, &choice, &why)
			if errors.Is(err, sql.ErrNoRows) {
				return ErrNotFound
			}
			if err == nil && (choice != string(d.Choice) || why != d.Why) {
				changed = true
				_, err = t.exec(decisionInsert, id, s.ownOf(d.Department), s.ownOf(d.Recipient), string(d.Choice), d.Why, d.Who, ms(a.At))
			}
			if err != nil {
				return err
			}
		}
		if !changed {
			return nil
		}
		_, err := t.exec(actInsert, ms(a.At), s.own(a.Recipient), a.Act, a.Key.Source, a.Key.Ref, a.Detail, a.Way)
		return err
	})
	switch {
	case errors.Is(err, ErrNotFound):
		return false, fmt.Errorf("%s by %q: %w", a.Act, a.Recipient, err)
	case err != nil:
		return false, s.fail(fmt.Sprintf("%s by %q", a.Act, a.Recipient), nothingSaved, err)
	}
	return changed, nil
}

// ToldAt gives when something last happened to each call that readers are told of.
func (s *Store) ToldAt(ctx context.Context) (map[call.Key]time.Time, error) {
	out := map[call.Key]time.Time{}
	err := each(ctx, s, func(row scanner) (call.Change, error) {
		var c call.Change
		var when int64
		err := row.Scan(&c.Source, &c.Ref, &when)
		c.At = at(when)
		return c, err
	}, func(c call.Change) error { out[c.Key()] = c.At; return nil }, changeTold)
	return out, err
}
