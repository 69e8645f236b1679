package store

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
	"utkik/internal/subscription"
)

// Three organisations have everything under the same names, and each sees its own.
func TestOrganisationsApart(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, root *Store) {
		ctx := t.Context()
		run, err := root.BeginRun(ctx, "s", "crawl", day(0))
		if err != nil {
			t.Fatal(err)
		}
		c := call.Call{Source: "s", Ref: "1", Kind: call.KindCall, Title: "One", Status: call.StatusOpen}
		if err := root.Commit(ctx, run, Batch{Source: "s", At: day(0), Saves: []Save{{Call: c, Version: true}}}); err != nil {
			t.Fatal(err)
		}
		if err := root.AddSigningKey(ctx, []byte("secret"), day(0), day(0), day(-9)); err != nil {
			t.Fatal(err)
		}
		orgs := []string{"", "a", "a-b"}
		check := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		late := day(9)
		for _, org := range orgs {
			s, mine := root.Of(org), "of "+org
			packed, err := PackContent(&Content{Subject: mine})
			check(err)
			r := subscription.Recipient{ID: "kultur", Address: "kultur@example.org", Name: mine, Department: "arts", Language: "sv", Zone: "Europe/Stockholm",
				Rhythm: subscription.Daily, Follows: []subscription.Subscription{{Name: mine, Search: mine}}}
			check(s.SaveRecipients(ctx, []subscription.Recipient{r}, true))
			check(s.SaveRecipients(ctx, []subscription.Recipient{{ID: "gone", Name: mine, Language: "sv"}}, true))
			check(s.RemoveRecipient(ctx, "gone"))
			check(s.Subscribe(ctx, "kultur", subscription.Subscription{Search: mine + " too"}))
			check(s.PauseRecipient(ctx, "kultur", subscription.Pause{StandIn: mine}))
			check(s.Decide(Audited(ctx, Entry{Who: "key:k", What: mine}), subscription.Decision{Key: c.Key(), Department: "arts", Choice: subscription.Act, Why: mine, At: day(1)}))
			_, err = s.Do(ctx, Act{At: day(1), Recipient: "kultur", Act: "follow", Key: c.Key(), Detail: mine}, nil,
				subscription.Decision{Key: c.Key(), Recipient: "kultur", Choice: subscription.Follow, Why: mine, At: day(1)})
			check(err)
			_, err = s.KeepDigest(ctx, Digest{Department: "arts", Date: "2026-05-01", Language: "sv", Hash: "h", At: day(1), Body: []byte(mine)})
			check(err)
			check(s.SaveFeeds(ctx, []Feed{{ID: "recipient:kultur", Secret: mine, Made: day(1)}}, false))
			check(s.SaveFeeds(ctx, []Feed{{ID: "recipient:kultur", Secret: mine + "!", Made: day(1)}}, true))
			to := subscription.Progress{Cursor: 1, Period: "2026-05-01", Mailed: day(1)}
			_, err = s.Tell(ctx, []Telling{{Recipient: "kultur", To: to, Content: packed,
				Mail:      &Mail{MailKey: MailKey{"kultur", "2026-05-01"}, Kind: "digest", Name: mine, MessageID: s.Stored(MailKey{"kultur", "2026-05-01"}).String()},
				Reminders: []subscription.Reminder{{Key: c.Key(), Deadline: "2027-01-01", Step: len(org)}}}})
			check(err)
			_, err = s.Post(ctx, Mail{MailKey: MailKey{"kultur", "later"}, Kind: "reminder", Name: mine, MessageID: "post" + mine}, packed)
			check(err)
			check(s.AddSession(ctx, Session{Hash: "hash", Actor: "mail:x", Name: mine, Role: "editor", Made: day(1), Seen: day(1), Ends: late}, ""))
			_, err = s.AddSigninLink(ctx, SigninLink{ID: "link", Address: "x@example.org", Back: mine, Made: day(1), Ends: late}, day(0), 1,
				Mail{MailKey: MailKey{"signin", "1"}, Name: mine, MessageID: "signin" + mine}, packed)
			check(err)
			check(s.AddAPIKey(ctx, APIKey{Name: "k", Hash: "keyhash", Role: mine, Made: day(1), Ends: late}))
		}
		all := func(s *Store) map[string][]string {
			out := map[string][]string{}
			add := func(what string, of ...string) { out[what] = append(out[what], of...) }
			rs, err := s.Recipients(ctx)
			check(err)
			for _, r := range rs {
				add("recipients", r.ID, r.Name, r.Follows[0].Search, r.Follows[1].Search, fmt.Sprint(len(r.Follows)), r.Progress.Period)
			}
			ds, err := s.Decisions(ctx)
			check(err)
			for _, d := range ds {
				add("decisions", d.Department, d.Recipient, d.Why)
			}
			ds, err = s.DecisionsOf(ctx, c.Key())
			check(err)
			for _, d := range ds {
				add("decisions of", d.Department, d.Recipient, d.Why)
			}
			gs, err := s.Digests(ctx, "", 0)
			check(err)
			more, err := s.Digests(ctx, "arts", 0)
			check(err)
			for _, g := range append(gs, more...) {
				add("digests", g.Department, string(g.Body))
			}
			fs, err := s.Feeds(ctx)
			check(err)
			for _, f := range fs {
				add("feeds", f.ID, f.Secret)
			}
			for _, who := range []string{"", "kultur"} {
				as, err := s.Acts(ctx, who, 0)
				check(err)
				for _, a := range as {
					add("acts", a.Recipient, a.Detail)
				}
			}
			given, err := s.Reminders(ctx, "")
			check(err)
			for id, g := range given {
				add("reminders", id, fmt.Sprint(g[0].Step))
			}
			ses, err := s.Sessions(ctx, day(2), day(0))
			check(err)
			for _, x := range ses {
				add("sessions", x.Hash, x.Actor, x.Name)
			}
			ks, err := s.APIKeys(ctx)
			check(err)
			for _, k := range ks {
				add("keys", k.Name, k.Role)
			}
			es, err := s.AuditLog(ctx, AuditFilter{Who: "key:k"})
			check(err)
			for _, e := range es {
				add("audit", e.Who, e.What)
			}
			return out
		}
		for _, org := range orgs {
			s, mine := root.Of(org), "of "+org
			want := map[string][]string{
				"recipients": {"kultur", mine, mine, mine + " too", "2", "2026-05-01"}, "decisions": {"", "kultur", mine, "arts", "", mine},
				"decisions of": {"arts", "", mine, "", "kultur", mine}, "digests": {"arts", mine, "arts", mine},
				"feeds": {"recipient:kultur", mine + "!"}, "acts": {"kultur", mine, "kultur", mine}, "reminders": {"kultur", fmt.Sprint(len(org))},
				"sessions": {"hash", "mail:x", mine}, "keys": {"k", mine}, "audit": {"key:k", mine},
			}
			if d := cmp.Diff(want, all(s)); d != "" {
				t.Errorf("%q sees (-want +got):\n%s", org, d)
			}
			if x, err := s.Session(ctx, "hash", day(2), day(0)); err != nil || x.Name != mine {
				t.Errorf("%q: session %+v, %v", org, x, err)
			}
			if l, err := s.SigninLink(ctx, "link", day(2)); err != nil || l.Back != mine || l.Address != "x@example.org" {
				t.Errorf("%q: link %+v, %v", org, l, err)
			}
			if k, err := s.APIKey(ctx, "keyhash", day(2)); err != nil || k.Role != mine {
				t.Errorf("%q: key %+v, %v", org, k, err)
			}
			if m, err := s.Mail(ctx, MailKey{"kultur", "2026-05-01"}); err != nil || m.Name != mine || m.Recipient != "kultur" {
				t.Errorf("%q: mail %+v, %v", org, m, err)
			}
			before, err := s.MailsBefore(ctx, Mail{}, "", "", "", 0)
			check(err)
			to, err := s.MailsBefore(ctx, Mail{Written: late, MailKey: MailKey{"kultur", "z"}}, "kultur", "", "", 0)
			check(err)
			if len(before) != 3 || len(to) != 2 || before[0].Name != mine || to[0].Recipient != "kultur" {
				t.Errorf("%q reads %d mails, of one %d", org, len(before), len(to))
			}
			ms, err := s.Mails(ctx, "", 0)
			check(err)
			refused, err := s.Mails(ctx, MailRefused, 0)
			check(err)
			counts, err := s.MailCounts(ctx)
			check(err)
			if len(ms) != 3 || ms[0].Name != mine || len(refused) != 0 || len(counts) != 1 || counts[0].Count != 3 {
				t.Errorf("%q lists %d mails, %d refused, counts %+v", org, len(ms), len(refused), counts)
			}
			everybodys, err := s.AllMails(ctx, MailQueued, 0) // who sends does so for all, whoever he is
			check(err)
			whose := map[string]int{}
			for _, m := range everybodys {
				org, _ := MailOf(m.MailKey)
				whose[org]++
			}
			counts, err = s.AllMailCounts(ctx)
			check(err)
			if d := cmp.Diff(map[string]int{"": 3, "a": 3, "a-b": 3}, whose); d != "" || len(counts) != 1 || counts[0].Count != 9 {
				t.Errorf("all mails, counts %+v (-want +got):\n%s", counts, d)
			}
		}
		// Nobody names another's, by whatever spelling.
		for _, s := range []*Store{root, root.Of("a"), root.Of("b"), root.Of("a-b")} {
			for _, id := range []string{"~a.kultur", "~a-b.kultur", "~~a.kultur", "~.kultur", ".kultur", "a.kultur", "~a"} {
				if r, err := s.Recipient(ctx, id); !errors.Is(err, ErrNotFound) {
					t.Errorf("%q names %+v, %v", id, r, err)
				}
				if err := s.RemoveRecipient(ctx, id); !errors.Is(err, ErrNotFound) {
					t.Errorf("%q is removed: %v", id, err)
				}
				if m, err := s.Mail(ctx, MailKey{id, "2026-05-01"}); !errors.Is(err, ErrNotFound) {
					t.Errorf("%q names the mail %+v, %v", id, m, err)
				}
				if _, err := s.Session(ctx, strings.Replace(id, "kultur", "hash", 1), day(2), day(0)); !errors.Is(err, ErrNotFound) {
					t.Errorf("session %q opens: %v", id, err)
				}
			}
		}
		secrets := map[string]bool{}
		for _, org := range orgs {
			ks, err := root.Of(org).SigningKeys(ctx)
			check(err)
			secrets[string(ks[0].Secret)] = true
		}
		if len(secrets) != 3 {
			t.Error("two organisations seal by one key")
		}
		// Who sends takes all, and each mail tells whose it is.
		release, _, err := root.HoldOutbox(ctx)
		check(err)
		taken, err := root.TakeMails(ctx, time.Now().AddDate(1, 0, 0), 0)
		check(err)
		got := map[string]int{}
		for _, m := range taken {
			org, k := MailOf(m.MailKey)
			got[org+" "+k.Recipient]++
		}
		if d := cmp.Diff(map[string]int{" kultur": 2, "a kultur": 2, "a-b kultur": 2, " signin": 1, "a signin": 1, "a-b signin": 1}, got); d != "" {
			t.Errorf("taken (-want +got):\n%s", d)
		}
		check(root.RecordMails(ctx, []Outcome{{Mail: MailKey{"~a.kultur", "later"}, At: day(3), State: MailRefused, Answer: "no", Notice: "refused"}}))
		check(release())
		if again, err := root.Of("a").AgainMail(ctx, MailKey{"kultur", "later"}, day(4)); err != nil || !again {
			t.Errorf("a cannot send its mail again: %v, %v", again, err)
		}
		if tries, err := root.Of("a").Tries(ctx, MailKey{"kultur", "later"}); err != nil || len(tries) != 1 || tries[0].Recipient != "kultur" {
			t.Errorf("tries %+v, %v", tries, err)
		}
	})
}

// What is an organisation's is read by its stored id or under the condition that it is its own: a statement that lists it
// otherwise shows it to all.
func TestStatementsKeepApart(t *testing.T) {
	t.Parallel()
	tables := regexp.MustCompile(`(?i)\b(?:FROM|JOIN|UPDATE) (recipients|subscriptions|decisions|digests|reminders|feeds|acts|sessions|signin_links|api_keys|audit|outbox|sent)\b`)
	byID := regexp.MustCompile(`\b(?:id|recipient|department|hash|name|actor|address) = \$\d+( OR )?`) // "or none is asked for" lists all
	everybodys := map[query]string{                                                                    // by those who serve all: they show nobody anything
		sessionPrune: "forgets", signinPrune: "forgets", signinTries: "forgets", signinMails: "forgets", auditPrune: "forgets", headWeed: "forgets", contentWeed: "forgets",
		outboxQueued: "sends", outboxRequeue: "sends", outboxAll: "lists for who sends", outboxAllCounts: "counts", outboxWaiting: "counts", sentCounts: "counts", sentLast: "counts",
		outboxHold: "by an address that was refused", outboxResume: "by an address that takes mail again",
	}
	for q, text := range statements {
		if !tables.MatchString(text) || strings.Contains(text, "CAST($1 AS TEXT)") {
			continue
		}
		named := slices.ContainsFunc(byID.FindAllStringSubmatch(text, -1), func(m []string) bool { return m[1] == "" })
		if !named && everybodys[query(q)] == "" {
			t.Errorf("a statement reads what is an organisation's, and does not say whose:\n%s", text)
		}
	}
	if names := slices.Collect(tenantTables(t)); len(names) == 0 {
		t.Error("no table")
	}
}

// tenantTables lists the tables that a migration makes with a column of a recipient, a department or an actor, all of which must
// be known above.
func tenantTables(t *testing.T) func(func(string) bool) {
	return func(yield func(string) bool) {
		known := []string{"recipients", "subscriptions", "decisions", "digests", "reminders", "feeds", "acts", "sessions", "signin_links", "api_keys", "audit", "outbox", "sent"}
		entries, err := migrations.ReadDir("migrations")
		if err != nil {
			t.Fatal(err)
		}
		table := regexp.MustCompile(`(?s)CREATE TABLE (\w+) \((.*?)\n\)`)
		column := regexp.MustCompile(`(?m)^\s+(recipient|department|actor|who)\s`)
		for _, e := range entries {
			b, err := migrations.ReadFile("migrations/" + e.Name())
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range table.FindAllStringSubmatch(string(b), -1) {
				if !column.MatchString(m[2]) || m[1] == "links" { // a link's who is the operator
					continue
				}
				if !slices.Contains(known, m[1]) {
					t.Errorf("table %s has what is an organisation's: let its statements say whose, and add it here", m[1])
				}
				if !yield(m[1]) {
					return
				}
			}
		}
	}
}
