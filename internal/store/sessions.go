package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Session is somebody who has signed in, in one browser.
type Session struct {
	Hash  string // of the secret in the browser's cookie, hexadecimal
	Actor string // oidc:<subject> or mail:<address>, as the audit log has it
	Name  string // as pages show it
	Mail  string // empty where none is known
	Role  string
	Made  time.Time
	Seen  time.Time // when it last asked for something, to the minute
	Ends  time.Time // whatever it asks for
}

// AddSession keeps a session, and ends the one with the hash of old, which the same browser had.
func (s *Store) AddSession(ctx context.Context, n Session, old string) error {
	err := s.write(ctx, survivesPower, func(t *txn) error {
		if _, err := t.exec(sessionDelete, s.own(old)); err != nil {
			return err
		}
		_, err := t.exec(sessionInsert, s.own(n.Hash), s.own(n.Actor), n.Name, n.Mail, n.Role, ms(n.Made), ms(n.Seen), ms(n.Ends))
		return err
	})
	if err != nil {
		return s.fail("keeping a session", nothingSaved, err)
	}
	return nil
}

// Session gives a session that has not ended at now, and that asked for something after idle; else [ErrNotFound].
func (s *Store) Session(ctx context.Context, hash string, now, idle time.Time) (Session, error) {
	return one(ctx, s, "session", s.scanSession, sessionOne, s.own(hash), ms(now), ms(idle))
}

// SeeSession notes that a session asked for something, and what it now may do.
func (s *Store) SeeSession(ctx context.Context, hash, role string, now time.Time) error {
	return s.note(ctx, "keeping a session", sessionSeen, role, ms(now), s.own(hash))
}

// EndSession ends a session. One that is not there has ended.
func (s *Store) EndSession(ctx context.Context, hash string) error {
	return s.note(ctx, "ending a session", sessionDelete, s.own(hash))
}

// EndSessionsOf ends every session of an actor, and tells how many there were.
func (s *Store) EndSessionsOf(ctx context.Context, actor string) (int64, error) {
	return s.count(ctx, "ending the sessions of "+actor, sessionDeleteOf, s.own(actor))
}

// Sessions gives every session that has not ended at now, and that asked for something after idle; the latest first.
func (s *Store) Sessions(ctx context.Context, now, idle time.Time) ([]Session, error) {
	return all(ctx, s, s.scanSession, sessionList, s.prefix, ms(now), ms(idle))
}

// PruneSessions forgets sessions that have ended at now, or that asked for nothing since idle, and links made before old
// with their mails, which are of a kind of their own. It gives how many sessions and links there were.
func (s *Store) PruneSessions(ctx context.Context, now, idle, old time.Time, kind string) (n int64, err error) {
	err = s.write(ctx, survivesPower, func(t *txn) error {
		n = 0
		for _, do := range []struct {
			q      query
			args   []any
			beside bool // not counted
		}{
			{sessionPrune, []any{ms(now), ms(idle)}, false},
			{signinPrune, []any{ms(old)}, false},
			{signinTries, []any{kind, ms(old)}, true},
			{signinMails, []any{kind, ms(old)}, true},
			{limitForget, nil, true},
		} {
			gone, err := t.exec(do.q, do.args...)
			if err != nil {
				return err
			}
			if !do.beside {
				n += gone
			}
		}
		return nil
	})
	if err != nil {
		return 0, s.fail("forgetting old sessions", nothingSaved, err)
	}
	return n, nil
}

func (s *Store) scanSession(row scanner) (Session, error) {
	var v Session
	var made, seen, ends int64
	err := row.Scan(&v.Hash, &v.Actor, &v.Name, &v.Mail, &v.Role, &made, &seen, &ends)
	v.Hash, v.Actor = s.bare(v.Hash), s.bare(v.Actor)
	v.Made, v.Seen, v.Ends = at(made), at(seen), at(ends)
	return v, err
}

// count runs one statement that writes, and gives how many rows it altered.
func (s *Store) count(ctx context.Context, doing string, q query, args ...any) (n int64, err error) {
	err = s.write(ctx, survivesPower, func(t *txn) (err error) {
		n, err = t.exec(q, args...)
		return err
	})
	if err != nil {
		return 0, s.fail(doing, nothingSaved, err)
	}
	return n, nil
}

// SigninLink lets whoever reads the mail of an address sign in, once.
type SigninLink struct {
	ID      string
	Address string // in small letters
	Browser string // hash of a secret of the browser that asked, hexadecimal
	Back    string // the page to return to
	Made    time.Time
	Ends    time.Time
}

// AddSigninLink keeps a link, with the mail that carries it. Where most links or more were made for the address since a
// time, nothing is kept, and added is false: nobody's mail is filled by a stranger.
func (s *Store) AddSigninLink(ctx context.Context, l SigninLink, since time.Time, most int, m Mail, c PackedContent) (added bool, err error) {
	err = s.write(ctx, survivesPower, func(t *txn) error {
		added = false
		if _, _, err := t.take(0, 0); err != nil { // two machines count one after the other
			return err
		}
		var n int
		if err := t.row(signinCount, s.own(l.Address), ms(since)).Scan(&n); err != nil || n >= most {
			return err
		}
		if _, err := t.exec(signinInsert, s.own(l.ID), s.own(l.Address), l.Browser, l.Back, ms(l.Made), ms(l.Ends)); err != nil {
			return err
		}
		if _, err := t.exec(contentInsert, c.Hash, c.body); err != nil {
			return err
		}
		_, err := t.exec(outboxInsert, s.ownMail(m.MailKey).Recipient, m.Period, m.Kind, c.Hash, m.Items, m.Address, m.Name, m.Language, m.MessageID,
			ms(s.now()), ms(m.Due), []byte{})
		added = err == nil
		return err
	})
	if err != nil {
		return false, s.fail("keeping a link to sign in by", nothingSaved, err)
	}
	return added, nil
}

// SigninLink gives a link that can still be used at now; else [ErrNotFound].
func (s *Store) SigninLink(ctx context.Context, id string, now time.Time) (SigninLink, error) {
	return one(ctx, s, "link to sign in by", func(row scanner) (SigninLink, error) {
		var l SigninLink
		var made, ends int64
		err := row.Scan(&l.ID, &l.Address, &l.Browser, &l.Back, &made, &ends)
		l.ID, l.Address = s.bare(l.ID), s.bare(l.Address)
		l.Made, l.Ends = at(made), at(ends)
		return l, err
	}, signinOne, s.own(id), ms(now))
}

// UseSigninLink uses a link up and keeps the session that it opens, both or neither. A link that was used, or is over at
// now, is [ErrNotFound].
func (s *Store) UseSigninLink(ctx context.Context, id string, n Session, old string, now time.Time) error {
	err := s.write(ctx, survivesPower, func(t *txn) error {
		used, err := t.exec(signinUse, ms(now), s.own(id), ms(now))
		if err == nil && used == 0 {
			return ErrNotFound
		}
		if err == nil {
			_, err = t.exec(sessionDelete, s.own(old))
		}
		if err == nil {
			_, err = t.exec(sessionInsert, s.own(n.Hash), s.own(n.Actor), n.Name, n.Mail, n.Role, ms(n.Made), ms(n.Seen), ms(n.Ends))
		}
		return err
	})
	switch {
	case errors.Is(err, ErrNotFound):
		return fmt.Errorf("store %s: link to sign in by: %w", s.path, err)
	case err != nil:
		return s.fail("using a link to sign in by", nothingSaved, err)
	}
	return nil
}

// APIKey lets a program in.
type APIKey struct {
	Name    string
	Hash    string // of the key, hexadecimal
	Role    string
	Made    time.Time
	Ends    time.Time
	Used    string    // last, as a UTC day; empty until then
	Revoked time.Time // zero while it opens
}

// AddAPIKey keeps a key. A name that was ever used is [ErrExists]: the audit log speaks of keys by their names.
func (s *Store) AddAPIKey(ctx context.Context, k APIKey) error {
	n, err := s.count(ctx, "keeping key "+k.Name, apiKeyInsert, s.own(k.Name), s.own(k.Hash), k.Role, ms(k.Made), ms(k.Ends))
	if err == nil && n == 0 {
		return fmt.Errorf("store %s: key %q: %w", s.path, k.Name, ErrExists)
	}
	return err
}

// APIKey finds a key by its hash; [ErrNotFound] where there is none, or it was revoked or has ended at now.
func (s *Store) APIKey(ctx context.Context, hash string, now time.Time) (APIKey, error) {
	return one(ctx, s, "key", s.scanAPIKey, apiKeyOne, s.own(hash), ms(now))
}

// APIKeys gives every key that there ever was, by name.
func (s *Store) APIKeys(ctx context.Context) ([]APIKey, error) {
	return all(ctx, s, s.scanAPIKey, apiKeyList, s.prefix)
}

// RevokeAPIKey ends a key for good. One that is not there, or was revoked, is [ErrNotFound].
func (s *Store) RevokeAPIKey(ctx context.Context, name string, now time.Time) error {
	n, err := s.count(ctx, "revoking key "+name, apiKeyRevoke, ms(now), s.own(name))
	if err == nil && n == 0 {
		return fmt.Errorf("store %s: key %q: %w", s.path, name, ErrNotFound)
	}
	return err
}

// UseAPIKey notes the day on which a key was used last.
func (s *Store) UseAPIKey(ctx context.Context, name, day string) error {
	return s.note(ctx, "noting that key "+name+" was used", apiKeyUsed, day, s.own(name))
}

func (s *Store) scanAPIKey(row scanner) (APIKey, error) {
	var k APIKey
	var made, ends, revoked int64
	err := row.Scan(&k.Name, &k.Hash, &k.Role, &made, &ends, &k.Used, &revoked)
	k.Name, k.Hash = s.bare(k.Name), s.bare(k.Hash)
	k.Made, k.Ends, k.Revoked = at(made), at(ends), at(revoked)
	return k, err
}
