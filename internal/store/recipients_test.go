package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
	"utkik/internal/subscription"
)

func reader(id string) subscription.Recipient {
	return subscription.Recipient{
		ID: id, Address: id + "@example.org", Name: "Avdelning " + id, Department: "kultur", Language: "sv", Zone: "Europe/Stockholm", Hour: 7,
		Rhythm: subscription.Daily, Lifesign: true,
		Follows: []subscription.Subscription{
			{Departments: []string{"kultur"}},
			{Name: "Vätgas", Priorities: []string{"miljo-klimat", "naringsliv"}, Programmes: []string{"CEF"}, Kinds: []call.Kind{call.KindCall}, Search: `vätgas OR "hydrogen valley"`},
		},
	}
}

func TestRecipients(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		b, a := reader("b"), reader("a")
		b.Progress.Cursor = 7
		if err := s.SaveRecipients(ctx, []subscription.Recipient{b, a}, true); err != nil {
			t.Fatal(err)
		}
		a.Progress.Mailed, b.Progress.Mailed = epoch, epoch
		a.Progress.Waiting, b.Progress.Waiting = []int64{}, []int64{}
		got, err := s.Recipients(ctx)
		if diff := cmp.Diff([]subscription.Recipient{a, b}, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if err := s.SaveRecipients(ctx, []subscription.Recipient{reader("c"), reader("a")}, true); !errors.Is(err, ErrExists) {
			t.Errorf("twice: got %v, want ErrExists", err)
		}
		if _, err := s.Recipient(ctx, "c"); !errors.Is(err, ErrNotFound) {
			t.Errorf("a part was saved: %v", err)
		}

		b.Name, b.Follows = "Annat namn", b.Follows[:1]
		b.Progress.Cursor = 0 // is not what saving is for
		if err := s.SaveRecipients(ctx, []subscription.Recipient{b}, false); err != nil {
			t.Fatal(err)
		}
		if err := s.PauseRecipient(ctx, "b", subscription.Pause{Until: "2026-08-10", StandIn: "a@example.org"}); err != nil {
			t.Fatal(err)
		}
		b.Progress.Cursor = 7
		b.Pause = subscription.Pause{Until: "2026-08-10", StandIn: "a@example.org"}
		one, err := s.Recipient(ctx, "b")
		if diff := cmp.Diff(b, one); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if err := s.RemoveRecipient(ctx, "b"); err != nil {
			t.Error(err)
		}
		for what, err := range map[string]error{"remove": s.RemoveRecipient(ctx, "b"), "pause": s.PauseRecipient(ctx, "b", subscription.Pause{})} {
			if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), `recipient "b"`) {
				t.Errorf("%s: got %v, want ErrNotFound", what, err)
			}
		}
	})
}

func TestDecisions(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		saved(t, s, Batch{Source: "ft-portal", At: day(1), Saves: []Save{{Call: sample("ft-portal", "1")}, {Call: sample("ft-portal", "2")}}})
		key := call.Key{Source: "ft-portal", Ref: "1"}
		first := subscription.Decision{Key: key, Department: "kultur", Choice: subscription.Follow, Who: "handläggare", At: day(1)}
		later := subscription.Decision{Key: key, Department: "kultur", Choice: subscription.NotRelevant, Why: "ingen kapacitet", Who: "chef", At: day(2)}
		own := subscription.Decision{Key: key, Recipient: "a", Choice: subscription.Act, At: day(1)}
		for _, d := range []subscription.Decision{first, own, later} {
			if err := s.Decide(ctx, d); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Decisions(ctx)
		if diff := cmp.Diff([]subscription.Decision{own, later}, got); diff != "" || err != nil {
			t.Errorf("in force: %v (-want +got):\n%s", err, diff)
		}
		got, err = s.DecisionsOf(ctx, key)
		if diff := cmp.Diff([]subscription.Decision{first, own, later}, got); diff != "" || err != nil {
			t.Errorf("all: %v (-want +got):\n%s", err, diff)
		}
		first.Key.Ref = "nowhere"
		if err := s.Decide(ctx, first); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	})
}

// written are a recipient and a mail for it.
func written(t *testing.T, s *Store, id, period string) MailKey {
	t.Helper()
	ctx := t.Context()
	r, err := s.Recipient(ctx, id)
	if errors.Is(err, ErrNotFound) {
		r = reader(id)
		if err = s.SaveRecipients(ctx, []subscription.Recipient{r}, true); err == nil {
			r, err = s.Recipient(ctx, id)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := PackContent(&Content{Subject: "3 nya utlysningar", Text: "Text\n", HTML: "<p>Text</p>", Data: []byte(`{"a":1}`)})
	if err != nil {
		t.Fatal(err)
	}
	m := Mail{MailKey: MailKey{id, period}, Kind: "digest", Items: 3, Address: r.Address, Name: r.Name, Language: "sv", MessageID: id + "." + period + "@example.org", Due: epoch}
	to := subscription.Progress{Cursor: r.Progress.Cursor + 5, Waiting: []int64{2}, Period: period, Mailed: epoch}
	got, err := s.Tell(ctx, []Telling{{Recipient: id, From: r.Progress, To: to, Mail: &m, Content: c}})
	if err != nil || len(got) != 1 || got[0] != m.MailKey {
		t.Fatalf("got %v, %v", got, err)
	}
	return m.MailKey
}

func TestTell(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		key := written(t, s, "a", "2026-06-27")
		m, err := s.Mail(ctx, key)
		if err != nil || m.State != MailQueued || m.Items != 3 || !m.Written.Equal(epoch) || m.Address != "a@example.org" {
			t.Errorf("got %+v, %v", m, err)
		}
		c, err := s.Content(ctx, m.Content)
		if err != nil || c.Subject != "3 nya utlysningar" || string(c.Data) != `{"a":1}` {
			t.Errorf("got %+v, %v", c, err)
		}
		r, err := s.Recipient(ctx, "a")
		if err != nil || r.Progress.Cursor != 5 || r.Progress.Period != "2026-06-27" || len(r.Progress.Waiting) != 1 {
			t.Errorf("got %+v, %v", r.Progress, err)
		}

		packed, err := PackContent(&c)
		if err != nil {
			t.Fatal(err)
		}
		again := m
		again.MessageID = "another@example.org"
		telling := func(period string) Telling {
			again := again
			again.Period = period
			return Telling{Recipient: "a", From: subscription.Progress{}, To: subscription.Progress{Cursor: 9, Period: period}, Mail: &again, Content: packed}
		}
		if got, err := s.Tell(ctx, []Telling{telling("2026-06-28")}); err != nil || len(got) != 0 {
			t.Errorf("told by another meanwhile: got %v, %v", got, err)
		}

		// Removed and back again on the same day: the key stands, and nothing that was to be told is lost.
		if err := s.RemoveRecipient(ctx, "a"); err != nil {
			t.Fatal(err)
		}
		if err := s.SaveRecipients(ctx, []subscription.Recipient{reader("a")}, true); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Tell(ctx, []Telling{telling("2026-06-27")}); err != nil || len(got) != 0 {
			t.Errorf("a key twice: got %v, %v", got, err)
		}
		r, err = s.Recipient(ctx, "a")
		if err != nil || r.Progress.Cursor != 0 || r.Progress.Period != "2026-06-27" {
			t.Errorf("got %+v, %v", r.Progress, err)
		}
		if got, err := s.Mails(ctx, "", 0); err != nil || len(got) != 1 {
			t.Errorf("%d mails, %v", len(got), err)
		}
		if ok, err := s.Post(ctx, Mail{MailKey: key, Kind: "reminder", MessageID: "x@example.org"}, packed); ok || err != nil {
			t.Errorf("posted under a used key: %v, %v", ok, err)
		}
	})
}

func TestOutbox(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		a, b := written(t, s, "a", "2026-06-27"), written(t, s, "b", "2026-06-27")
		a2 := written(t, s, "a", "2026-06-28")
		release, again, err := s.HoldOutbox(ctx)
		if err != nil || again != 0 {
			t.Fatal(again, err)
		}
		if _, _, err := s.HoldOutbox(ctx); !errors.Is(err, ErrRunning) {
			t.Errorf("beside another: got %v, want ErrRunning", err)
		}
		if ms, err := s.TakeMails(ctx, epoch.Add(-time.Second), 10); err != nil || len(ms) != 0 {
			t.Errorf("before it is due: %v, %v", ms, err)
		}
		ms, err := s.TakeMails(ctx, epoch, 2)
		if err != nil || len(ms) != 2 || ms[0].MailKey != a || ms[1].MailKey != a2 || ms[0].Tries != 1 {
			t.Fatalf("got %v, %v", ms, err)
		}
		if err := release(); err != nil {
			t.Fatal(err)
		}

		// The program died: what it took is taken again.
		if release, again, err = s.HoldOutbox(ctx); err != nil || again != 2 {
			t.Fatalf("again %d, %v", again, err)
		}
		defer release()
		if ms, err = s.TakeMails(ctx, epoch, 10); err != nil || len(ms) != 3 || ms[0].Tries != 2 {
			t.Fatalf("got %v, %v", ms, err)
		}
		err = s.RecordMails(ctx, []Outcome{
			{Mail: b, Address: "b@example.org", At: day(1), State: MailSent, Answer: "250 OK", Head: []byte("Subject: x\r\n"), Hash: "abc"},
			{Mail: a2, At: day(1), Untried: true},
			{Mail: a, Address: "A@example.org", At: day(1), State: MailSuspended, Answer: "550 no such user", Notice: "a@example.org is refused"},
		})
		if err != nil {
			t.Fatal(err)
		}
		m, err := s.Mail(ctx, b)
		if err != nil || m.State != MailSent || string(m.Head) != "Subject: x\r\n" || m.Hash != "abc" || !m.Since.Equal(day(1)) {
			t.Errorf("sent: %+v, %v", m, err)
		}
		tries, err := s.Tries(ctx, b)
		if diff := cmp.Diff([]Try{{b, day(1), "b@example.org", "sent", "250 OK", "abc"}}, tries); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		for _, k := range []MailKey{a, a2} {
			if m, err := s.Mail(ctx, k); err != nil || m.State != MailSuspended {
				t.Errorf("%s: %s, %v", k, m.State, err)
			}
		}
		if r, err := s.Recipient(ctx, "a"); err != nil || !r.Suspended.Since.Equal(day(1)) || r.Suspended.Reason != "550 no such user" {
			t.Errorf("got %+v, %v", r.Suspended, err)
		}
		if ns, err := s.Notices(ctx); err != nil || len(ns) != 1 || ns[0].Text != "a@example.org is refused" {
			t.Errorf("got %v, %v", ns, err)
		}
		if n, err := s.LiftSuspension(ctx, "a@EXAMPLE.org", day(2)); err != nil || n != 2 {
			t.Errorf("%d queued again, %v", n, err)
		}
		if ms, err := s.TakeMails(ctx, day(2), 10); err != nil || len(ms) != 2 {
			t.Errorf("got %v, %v", ms, err)
		}
		if ns, err := s.Notices(ctx); err != nil || len(ns) != 0 {
			t.Errorf("got %v, %v", ns, err)
		}
		if got, err := s.Suspended(ctx, "a@example.org"); err != nil || got.Is() {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestNotices(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		do := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		is := func(want Notice) {
			t.Helper()
			got, err := s.Notice(ctx, want.Key)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		}
		do(s.RaiseNotice(ctx, "source:ft-portal", "answers 500", day(1)))
		do(s.NoticeTold(ctx, "source:ft-portal", day(2)))
		do(s.RaiseNotice(ctx, "source:ft-portal", "answers 503", day(3)))
		is(Notice{Key: "source:ft-portal", Since: day(1), Text: "answers 503", Told: day(2)})
		do(s.MendNotice(ctx, "source:ft-portal", day(4)))
		do(s.MendNotice(ctx, "source:ft-portal", day(5)))
		is(Notice{Key: "source:ft-portal", Since: day(1), Text: "answers 503", Told: day(2), Mended: day(4)})
		do(s.RaiseNotice(ctx, "source:ft-portal", "answers 404", day(6)))
		is(Notice{Key: "source:ft-portal", Since: day(6), Text: "answers 404"})
		if _, err := s.Notice(ctx, "nothing"); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	})
}

// A reminder is kept with the mail that gives it, or not at all, and once.
func TestReminders(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		saved(t, s, Batch{Source: "src", At: day(1), Saves: []Save{{Call: sample("src", "1")}}})
		key := call.Key{Source: "src", Ref: "1"}
		packed, err := PackContent(&Content{Subject: "S", Text: "T"})
		if err != nil {
			t.Fatal(err)
		}
		mail := func(period string) Mail {
			return Mail{MailKey: MailKey{"a", period}, Kind: "reminder", Address: "a@example.org", MessageID: period + "@example.org", Due: epoch}
		}
		week := subscription.Reminder{Key: key, Deadline: "2026-07-04", Step: 7}
		if ok, err := s.Post(ctx, mail("2026-06-27-reminder"), packed, week); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if ok, err := s.Post(ctx, mail("2026-06-27-reminder"), packed, subscription.Reminder{Key: key, Deadline: "2026-07-04", Step: 1}); ok || err != nil {
			t.Errorf("under a used key: %v, %v", ok, err)
		}
		if ok, err := s.Post(ctx, mail("2026-06-28-reminder"), packed, subscription.Reminder{Key: call.Key{Source: "src", Ref: "none"}, Deadline: "2026-07-04", Step: 1}); ok || err == nil {
			t.Errorf("of a call that is not there: %v, %v", ok, err)
		}
		if err := s.SaveRecipients(ctx, []subscription.Recipient{reader("b")}, true); err != nil {
			t.Fatal(err)
		}
		m := mail("2026-06-29")
		m.Recipient = "b"
		old := subscription.Reminder{Key: key, Deadline: "2026-06-01", Step: 30}
		told, err := s.Tell(ctx, []Telling{{Recipient: "b", To: subscription.Progress{Cursor: 1, Period: "2026-06-29"}, Mail: &m, Content: packed, Reminders: []subscription.Reminder{week, old}}})
		if err != nil || len(told) != 1 {
			t.Fatal(told, err)
		}
		got, err := s.Reminders(ctx, "2026-06-02")
		if diff := cmp.Diff(map[string][]subscription.Reminder{"a": {week}, "b": {week}}, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if ms, err := s.Mails(ctx, "", 0); err != nil || len(ms) != 2 {
			t.Errorf("%d mails, %v", len(ms), err)
		}
	})
}

func TestSubscribe(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		to := reader("a")
		to.Progress.Cursor = 7
		if err := s.SaveRecipients(ctx, []subscription.Recipient{to, reader("b")}, true); err != nil {
			t.Fatal(err)
		}
		// Many at once: none is lost, none comes twice, and each has its line in the audit log.
		var wait sync.WaitGroup
		errs := make([]error, 12)
		for i := range errs {
			wait.Go(func() {
				f := subscription.Subscription{Name: fmt.Sprint("n", i), Search: fmt.Sprint("rail ", i/2)} // each twice, under other names
				errs[i] = s.Subscribe(Audited(ctx, Entry{Who: "eva", Way: WayWeb, What: "subscription.add", On: "a", Detail: f.String()}), "a", f)
			})
		}
		wait.Wait()
		there := 0
		for _, err := range errs {
			switch {
			case errors.Is(err, ErrExists):
				there++
			case err != nil:
				t.Error(err)
			}
		}
		got, err := s.Recipient(ctx, "a")
		if err != nil || there != 6 || len(got.Follows) != len(to.Follows)+6 || got.Progress.Cursor != 7 {
			t.Errorf("%d were there already; follows %v, %v", there, got.Follows, err)
		}
		if diff := cmp.Diff(to.Follows, got.Follows[:len(to.Follows)]); diff != "" {
			t.Errorf("what was followed before (-want +got):\n%s", diff)
		}
		if log, err := s.AuditLog(ctx, AuditFilter{What: "subscription.add"}); err != nil || len(log) != 6 {
			t.Errorf("%d lines in the log, %v", len(log), err)
		}
		if other, err := s.Recipient(ctx, "b"); err != nil || len(other.Follows) != len(to.Follows) {
			t.Errorf("another follows %v, %v", other.Follows, err)
		}
		if err := s.Subscribe(ctx, "x", subscription.Subscription{Search: "rail"}); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), `recipient "x"`) {
			t.Errorf("to nobody: %v", err)
		}
	})
}

// Two machines hold a recipient to what they have read and alter it: of each round one wins, and the other is refused.
func TestAlterRecipient(t *testing.T) {
	t.Parallel()
	addresses(t, func(t *testing.T, url string) {
		var machines [2]*Store
		for i := range machines {
			var err error
			if machines[i], err = open(t, url); err != nil {
				t.Fatal(err)
			}
		}
		s, ctx := machines[0], t.Context()
		if err := s.SaveRecipients(ctx, []subscription.Recipient{reader("a"), reader("b")}, true); err != nil {
			t.Fatal(err)
		}
		errAltered := errors.New("altered")
		for round := range 20 {
			read, err := s.Recipient(ctx, "a")
			if err != nil {
				t.Fatal(err)
			}
			var wait sync.WaitGroup
			var errs [2]error
			for i, m := range machines {
				wait.Go(func() {
					by := Audited(ctx, Entry{Who: fmt.Sprint("machine ", i), Way: WayAPI, What: "recipient.change", On: "a"})
					errs[i] = m.AlterRecipient(by, "a", func(r subscription.Recipient) (*subscription.Recipient, error) {
						if !cmp.Equal(r, read) {
							return nil, errAltered
						}
						Detail(by, r.Name)
						r.Name = fmt.Sprintf("round %d of machine %d", round, i)
						r.Follows = append(r.Follows[:1:1], subscription.Subscription{Search: r.Name})
						return &r, nil
					})
				})
			}
			wait.Wait()
			won := slices.Index(errs[:], nil)
			if won < 0 || !errors.Is(errs[1-won], errAltered) {
				t.Fatalf("round %d: %v", round, errs)
			}
			want := read
			want.Name = fmt.Sprintf("round %d of machine %d", round, won)
			want.Follows = []subscription.Subscription{read.Follows[0], {Search: want.Name}}
			if got, err := machines[1].Recipient(ctx, "a"); err != nil || !cmp.Equal(got, want) {
				t.Fatalf("round %d: %v, (-want +got):\n%s", round, err, cmp.Diff(want, got))
			}
		}
		log, err := s.AuditLog(ctx, AuditFilter{What: "recipient.change"})
		if err != nil || len(log) != 20 || log[0].Detail == "" {
			t.Errorf("%d lines in the log, the latest %+v, %v", len(log), log[0], err)
		}
		gone := func(subscription.Recipient) (*subscription.Recipient, error) { return nil, nil }
		if err := s.AlterRecipient(ctx, "a", gone); err != nil {
			t.Error(err)
		}
		if _, err := s.Recipient(ctx, "a"); !errors.Is(err, ErrNotFound) {
			t.Errorf("removed, and yet: %v", err)
		}
		if err := machines[1].AlterRecipient(ctx, "a", gone); !errors.Is(err, ErrNotFound) {
			t.Errorf("of nobody: %v", err)
		}
		if _, err := s.Recipient(ctx, "b"); err != nil {
			t.Error(err)
		}
	})
}

// What mails said is weeded by age, but what may still be sent stays, and so does that it was sent.
func TestWeedMails(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		post := func(recipient, period, says string) MailKey {
			t.Helper()
			packed, err := PackContent(&Content{Subject: says, Text: says})
			if err != nil {
				t.Fatal(err)
			}
			k := MailKey{recipient, period}
			ok, err := s.Post(ctx, Mail{MailKey: k, Kind: "digest", Address: recipient + "@example.org", MessageID: k.String(), Due: epoch}, packed)
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			return k
		}
		sent, refused, queued := post("a", "1", "sent"), post("b", "1", "refused"), post("c", "1", "queued")
		shared, other := post("d", "1", "shared"), post("e", "1", "shared")
		release, _, err := s.HoldOutbox(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		if _, err := s.TakeMails(ctx, epoch, 10); err != nil {
			t.Fatal(err)
		}
		outcome := func(k MailKey, state MailState) Outcome {
			return Outcome{Mail: k, Address: k.Recipient + "@example.org", At: epoch, State: state, Due: epoch, Head: []byte("To: x\r\n"), Hash: "h"}
		}
		if err := s.RecordMails(ctx, []Outcome{outcome(sent, MailSent), outcome(refused, MailRefused), outcome(queued, MailQueued), outcome(shared, MailSent), outcome(other, MailQueued)}); err != nil {
			t.Fatal(err)
		}
		says := func(k MailKey) string {
			t.Helper()
			m, err := s.Mail(ctx, k)
			if err != nil {
				t.Fatal(err)
			}
			c, err := s.Content(ctx, m.Content)
			if errors.Is(err, ErrWeeded) && errors.Is(err, ErrNotFound) {
				return "weeded, " + string(m.State) + string(m.Head)
			}
			if err != nil {
				t.Error(err)
			}
			return c.Text
		}
		if n, err := s.WeedMails(ctx, epoch); n != 0 || err != nil {
			t.Errorf("nothing is older: %d, %v", n, err)
		}
		for range 2 {
			if _, err := s.WeedMails(ctx, day(1)); err != nil {
				t.Fatal(err)
			}
			for k, want := range map[MailKey]string{sent: "weeded, sent", refused: "weeded, refused", queued: "queued", shared: "shared", other: "shared"} {
				if got := says(k); got != want {
					t.Errorf("%s says %q, want %q", k, got, want)
				}
			}
		}
		if ok, err := s.AgainMail(ctx, refused, epoch); ok || err != nil {
			t.Errorf("a mail that says nothing any more is to be sent again: %v, %v", ok, err)
		}
		post("a", "2", "sent")
		if got := says(sent); got != "sent" {
			t.Errorf("what is said again is %q", got)
		}
	})
}
