package store

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSessions(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		now := day(1)
		idle := func(at time.Time) time.Time { return at.Add(-2 * time.Hour) }
		session := func(hash, actor string) Session {
			return Session{Hash: hash, Actor: actor, Name: "Anna", Mail: "anna@example.org", Role: "editor", Made: now, Seen: now, Ends: now.Add(12 * time.Hour)}
		}
		a, b := session("a", "oidc:1"), session("b", "oidc:1")
		for _, v := range []Session{a, b, session("c", "mail:x@example.org")} {
			if err := s.AddSession(Audited(ctx, Entry{Who: v.Actor, Way: WayWeb, What: "session.open"}), v, ""); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := s.Session(ctx, "a", now, idle(now)); err != nil || got != a {
			t.Errorf("%+v, %v, want %+v", got, err, a)
		}
		for name, at := range map[string]time.Time{"idle": now.Add(2 * time.Hour), "over": now.Add(12 * time.Hour)} {
			since := idle(at)
			if name == "over" {
				since = now.Add(-time.Hour)
			}
			if _, err := s.Session(ctx, "a", at, since); !errors.Is(err, ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		later := now.Add(time.Hour)
		if err := s.SeeSession(ctx, "a", "reader", later); err != nil {
			t.Fatal(err)
		}
		a.Seen, a.Role = later, "reader"
		if got, err := s.Session(ctx, "a", later.Add(119*time.Minute), idle(later.Add(119*time.Minute))); err != nil || got != a {
			t.Errorf("seen: %+v, %v", got, err)
		}
		if err := s.AddSession(ctx, session("a2", "oidc:1"), "a"); err != nil { // signed in anew
			t.Fatal(err)
		}
		if _, err := s.Session(ctx, "a", now, idle(now)); !errors.Is(err, ErrNotFound) {
			t.Errorf("the former session of the browser stands: %v", err)
		}
		all, err := s.Sessions(ctx, now, idle(now))
		if err != nil || len(all) != 3 {
			t.Errorf("%+v, %v, want 3", all, err)
		}
		if n, err := s.EndSessionsOf(ctx, "oidc:1"); n != 2 || err != nil {
			t.Errorf("%d ended, %v, want 2", n, err)
		}
		if err := s.EndSession(ctx, "c"); err != nil {
			t.Fatal(err)
		}
		if err := s.AddSession(ctx, session("d", "oidc:2"), ""); err != nil {
			t.Fatal(err)
		}
		if n, err := s.PruneSessions(ctx, now.Add(time.Hour), now.Add(-time.Hour), day(0), "sign-in"); n != 0 || err != nil {
			t.Errorf("%d pruned, %v, want none", n, err)
		}
		if n, err := s.PruneSessions(ctx, now.Add(12*time.Hour), now, day(0), "sign-in"); n != 1 || err != nil {
			t.Errorf("%d pruned, %v, want 1", n, err)
		}
		if got := log(t, s, AuditFilter{What: "session.open"}); len(got) != 3 {
			t.Errorf("%d lines of the audit log, want 3", len(got))
		}
	})
}

func TestSigninLinks(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		now := day(1)
		content, err := PackContent(&Content{Subject: "Logga in", Text: "https://utkik.example.org/link/sign-in"})
		if err != nil {
			t.Fatal(err)
		}
		add := func(id string) bool {
			t.Helper()
			l := SigninLink{ID: id, Address: "anna@example.org", Browser: "b", Back: "/", Made: now, Ends: now.Add(15 * time.Minute)}
			m := Mail{MailKey: MailKey{"sign-in:" + id, "once"}, Kind: "sign-in", Address: l.Address, MessageID: id + "@example.org", Due: now}
			added, err := s.AddSigninLink(ctx, l, now.Add(-time.Hour), 3, m, content)
			if err != nil {
				t.Fatal(err)
			}
			return added
		}
		for i, id := range []string{"1", "2", "3", "4"} {
			if got := add(id); got != (i < 3) {
				t.Errorf("link %s: added %v", id, got)
			}
		}
		if ms, err := s.Mails(ctx, MailQueued, 0); err != nil || len(ms) != 3 {
			t.Errorf("%d mails, %v, want 3", len(ms), err)
		}
		if l, err := s.SigninLink(ctx, "1", now); err != nil || l.Address != "anna@example.org" || l.Browser != "b" {
			t.Errorf("%+v, %v", l, err)
		}
		if _, err := s.SigninLink(ctx, "1", now.Add(15*time.Minute)); !errors.Is(err, ErrNotFound) {
			t.Errorf("an old link: %v", err)
		}
		session := func(hash string) Session {
			return Session{Hash: hash, Actor: "mail:anna@example.org", Role: "reader", Made: now, Seen: now, Ends: day(2)}
		}
		var won atomic.Int64
		var press sync.WaitGroup
		for _, hash := range []string{"a", "b", "c", "d"} { // pressed several times at once, it opens once
			press.Go(func() {
				switch err := s.UseSigninLink(ctx, "1", session(hash), "", now); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, ErrNotFound):
					t.Error(err)
				}
			})
		}
		press.Wait()
		all, err := s.Sessions(ctx, now, day(0))
		if won.Load() != 1 || err != nil || len(all) != 1 {
			t.Errorf("%d presses opened %d sessions, %v, want 1", won.Load(), len(all), err)
		}
		if err := s.UseSigninLink(ctx, "2", session("e"), all[0].Hash, now.Add(15*time.Minute)); !errors.Is(err, ErrNotFound) {
			t.Errorf("an old link: %v", err)
		}
		if again, err := s.Sessions(ctx, now, day(0)); err != nil || cmp.Diff(all, again) != "" {
			t.Errorf("a link that opens nothing ended a session: %+v, %v", again, err)
		}
		if _, err := s.SigninLink(ctx, "1", now); !errors.Is(err, ErrNotFound) {
			t.Errorf("a used link: %v", err)
		}
		if n, err := s.PruneSessions(ctx, now, day(0), day(2), "another"); n != 3 || err != nil {
			t.Errorf("%d pruned, %v, want 3", n, err)
		}
		if ms, err := s.Mails(ctx, "", 0); err != nil || len(ms) != 3 {
			t.Errorf("%d mails of another kind, %v, want 3", len(ms), err)
		}
		key := MailKey{"sign-in:1", "once"}
		if _, err := s.TakeMails(ctx, day(2), 10); err != nil {
			t.Fatal(err)
		}
		if err := s.RecordMails(ctx, []Outcome{{Mail: key, Address: "anna@example.org", At: day(2), State: MailSent}}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.PruneSessions(ctx, now, day(0), day(2), "sign-in"); err != nil {
			t.Fatal(err)
		}
		if ms, err := s.Mails(ctx, "", 0); err != nil || len(ms) != 2 { // those that are being sent
			t.Errorf("%d mails, %v, want 2", len(ms), err)
		}
		if tries, err := s.Tries(ctx, key); err != nil || len(tries) != 0 {
			t.Errorf("%d tries, %v, want none", len(tries), err)
		}
	})
}

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		k := APIKey{Name: "import", Hash: "h", Role: "editor", Made: day(1), Ends: day(10)}
		if err := s.AddAPIKey(ctx, k); err != nil {
			t.Fatal(err)
		}
		twice := k
		twice.Hash = "other"
		if err := s.AddAPIKey(ctx, twice); !errors.Is(err, ErrExists) {
			t.Errorf("a name twice: %v", err)
		}
		if got, err := s.APIKey(ctx, "h", day(2)); err != nil || got != k {
			t.Errorf("%+v, %v", got, err)
		}
		if err := s.UseAPIKey(ctx, k.Name, "2026-06-29"); err != nil {
			t.Fatal(err)
		}
		k.Used = "2026-06-29"
		if got, err := s.APIKeys(ctx); err != nil || cmp.Diff([]APIKey{k}, got) != "" {
			t.Errorf("%+v, %v", got, err)
		}
		find := func(hash string, now time.Time) func() error {
			return func() error { _, err := s.APIKey(ctx, hash, now); return err }
		}
		revoke := func(name string) func() error { return func() error { return s.RevokeAPIKey(ctx, name, day(3)) } }
		for _, tt := range []struct {
			name string
			do   func() error
			want error
		}{
			{"another key", find("x", day(2)), ErrNotFound},
			{"over", find("h", day(10)), ErrNotFound},
			{"revoke what is not there", revoke("x"), ErrNotFound},
			{"revoke", revoke(k.Name), nil},
			{"revoked", find("h", day(2)), ErrNotFound},
			{"revoke again", revoke(k.Name), ErrNotFound},
		} {
			if err := tt.do(); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
			}
		}
		if err := s.AddAPIKey(ctx, k); !errors.Is(err, ErrExists) {
			t.Errorf("a name that was revoked: %v", err)
		}
	})
}
