package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/outbox"
	"utkik/internal/store"
	"utkik/internal/subscription"
)

var epoch = time.Date(2026, 5, 13, 5, 0, 0, 0, time.UTC)

// far is where the world begins: it takes mails, and fails as it is told.
type far struct {
	mu    sync.Mutex
	got   []*outbox.Message
	fails map[string][]outbox.Failure // by address, once each
	each  func(*outbox.Message)       // called with every mail, before it is answered
}

func (f *far) Send(_ context.Context, m *outbox.Message) (outbox.Receipt, error) {
	if f.each != nil {
		f.each(m)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if list := f.fails[m.Address]; len(list) > 0 {
		f.fails[m.Address] = list[1:]
		return outbox.Receipt{}, &list[0]
	}
	f.got = append(f.got, m)
	return outbox.Receipt{Answer: "250 OK", Head: []byte("Subject: x\r\n\r\n"), Hash: "hash of " + m.ID}, nil
}

func (f *far) addresses() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, m := range f.got {
		out = append(out, m.Address)
	}
	slices.Sort(out)
	return out
}

// desk is an outbox with a clock.
type desk struct {
	*testing.T
	store *store.Store
	far   *far
	now   time.Time
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{T: t, far: &far{fails: map[string][]outbox.Failure{}}, now: epoch}
	var err error
	d.store, err = store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "utkik.db"), Now: func() time.Time { return d.now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.store.Close() })
	return d
}

// write writes a mail for each recipient.
func (d *desk) write(period string, ids ...string) {
	d.Helper()
	content, err := store.PackContent(&store.Content{Subject: "Hej", Text: "Text [link]\n", HTML: "<p>[link]</p>"})
	if err != nil {
		d.Fatal(err)
	}
	var tellings []store.Telling
	for _, id := range ids {
		r := subscription.Recipient{ID: id, Address: id + "@example.org", Name: id, Language: "sv", Zone: "Europe/Stockholm", Rhythm: subscription.Daily,
			Follows: []subscription.Subscription{{Search: "skog"}}}
		if err := d.store.SaveRecipients(d.Context(), []subscription.Recipient{r}, true); err != nil && !errors.Is(err, store.ErrExists) {
			d.Fatal(err)
		}
		have, err := d.store.Recipient(d.Context(), id)
		if err != nil {
			d.Fatal(err)
		}
		k := store.MailKey{Recipient: id, Period: period}
		tellings = append(tellings, store.Telling{Recipient: id, From: have.Progress, To: subscription.Progress{Cursor: have.Progress.Cursor + 1, Period: period, Mailed: d.now}, Content: content,
			Mail: &store.Mail{MailKey: k, Kind: "digest", Address: r.Address, Name: id, Language: "sv", MessageID: outbox.MessageID(k, "example.org"), Due: d.now}})
	}
	if keys, err := d.store.Tell(d.Context(), tellings); err != nil || len(keys) != len(ids) {
		d.Fatalf("%d written, %v", len(keys), err)
	}
}

func (d *desk) send(change func(*outbox.Options)) outbox.Report {
	d.Helper()
	o := outbox.Options{Store: d.store, Sender: d.far, Now: func() time.Time { return d.now }, Log: slog.New(slog.NewTextHandler(d.Output(), nil)), Workers: 3}
	if change != nil {
		change(&o)
	}
	r, err := outbox.Send(d.Context(), o)
	if err != nil {
		d.Fatal(err)
	}
	return r
}

func (d *desk) is(id, period string, state store.MailState) store.Mail {
	d.Helper()
	m, err := d.store.Mail(d.Context(), store.MailKey{Recipient: id, Period: period})
	if err != nil || m.State != state {
		d.Errorf("%s/%s is %s, %v, want %s", id, period, m.State, err, state)
	}
	return m
}

func (d *desk) notices() []string {
	d.Helper()
	ns, err := d.store.Notices(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	var out []string
	for _, n := range ns {
		out = append(out, n.Key+": "+n.Text)
	}
	return out
}

func TestSend(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ids := []string{"a", "b", "c", "d", "e", "f", "g"}
	d.write("2026-05-13", ids...)
	r := d.send(func(o *outbox.Options) {
		o.Fill = func(m store.Mail, body string) string { return strings.ReplaceAll(body, "[link]", m.Recipient) }
		o.Unsubscribe = func(m store.Mail) string { return "https://utkik.example.org/u/" + m.Recipient }
	})
	if diff := cmp.Diff(outbox.Report{Sent: 7}, r); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, m := range d.far.got {
		id, _, _ := strings.Cut(m.Address, "@")
		if m.Text != "Text "+id+"\n" || m.HTML != "<p>"+id+"</p>" || m.Unsubscribe != "https://utkik.example.org/u/"+id || !m.Date.Equal(epoch) {
			t.Errorf("got %+v", m)
		}
	}
	m := d.is("a", "2026-05-13", store.MailSent)
	if m.Hash != "hash of "+m.MessageID || string(m.Head) != "Subject: x\r\n\r\n" {
		t.Errorf("got %+v", m)
	}
	if r := d.send(nil); r != (outbox.Report{}) || len(d.far.got) != 7 {
		t.Errorf("again: %+v, %d mails", r, len(d.far.got))
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.write("2026-05-12", "gone")
	d.write("2026-05-13", "fine", "busy", "gone", "spam")
	d.far.fails = map[string][]outbox.Failure{
		"busy@example.org": {{Kind: outbox.Later, Answer: "450 greylisted"}},
		"gone@example.org": {{Kind: outbox.BadAddress, Answer: "550 no such user"}, {Kind: outbox.BadAddress, Answer: "550 no such user"}},
		"spam@example.org": {{Kind: outbox.BadMessage, Answer: "554 spam"}},
	}
	r := d.send(func(o *outbox.Options) { o.Workers = 1 })
	if diff := cmp.Diff(outbox.Report{Sent: 1, Later: 1, Refused: 1, Suspended: 2}, r); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if m := d.is("busy", "2026-05-13", store.MailQueued); !m.Due.Equal(epoch.Add(time.Minute)) || m.Error != "450 greylisted" {
		t.Errorf("got %+v", m)
	}
	d.is("spam", "2026-05-13", store.MailRefused)
	got := d.notices()
	want := []string{
		"mail:address:gone@example.org: gone@example.org is refused for good: 550 no such user; mend the address, or let it again with `utkik recipients resume gone`",
		"mail:spam/2026-05-13: the mail spam/2026-05-13 to spam@example.org is refused for good: 554 spam; `utkik outbox show spam/2026-05-13` has it, and `utkik outbox send --again spam/2026-05-13` tries it once more",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}

	// Back-off grows, and ends.
	for try := 2; ; try++ {
		m := d.is("busy", "2026-05-13", store.MailQueued)
		d.now = m.Due.Add(-time.Second)
		if r := d.send(nil); r != (outbox.Report{}) {
			t.Fatalf("before it is due: %+v", r)
		}
		d.now = m.Due
		d.far.fails["busy@example.org"] = []outbox.Failure{{Kind: outbox.Later, Answer: "451 disk full"}}
		if r := d.send(nil); r.Refused == 1 {
			if days := d.now.Sub(epoch).Hours() / 24; try != 20 || days < 3.5 || days > 4.5 {
				t.Errorf("given up after %d tries and %.1f days", try, days)
			}
			break
		}
	}
	d.is("busy", "2026-05-13", store.MailRefused)
	if n := d.notices(); len(n) != 3 || !strings.Contains(n[2], "could not be sent in 20 tries: 451 disk full") {
		t.Errorf("notices: %q", n)
	}
	if ok, err := d.store.AgainMail(t.Context(), store.MailKey{Recipient: "busy", Period: "2026-05-13"}, d.now); !ok || err != nil {
		t.Error(ok, err)
	}
	if r := d.send(nil); r.Sent != 1 {
		t.Errorf("once more: %+v", r)
	}
	if n := d.notices(); len(n) != 2 {
		t.Errorf("notices: %q", n)
	}
}

// Where the server itself fails, no mail is to blame: all wait as they were.
func TestNoServer(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var ids []string
	for i := range 50 {
		ids = append(ids, fmt.Sprintf("r%02d", i))
		d.far.fails[ids[i]+"@example.org"] = []outbox.Failure{{Kind: outbox.NoServer, Answer: "535 wrong password"}}
	}
	d.write("2026-05-13", ids...)
	r := d.send(nil)
	if r.Stopped != "535 wrong password" || r.Sent+r.Later+r.Refused+r.Suspended > 0 {
		t.Errorf("got %+v", r)
	}
	for _, id := range ids {
		if m := d.is(id, "2026-05-13", store.MailQueued); m.Tries != 0 {
			t.Errorf("%s: %d tries", id, m.Tries)
		}
	}
	want := []string{"mail:server: no mail can be sent: 535 wrong password; look at the keys of mail in the configuration, and at the server"}
	if diff := cmp.Diff(want, d.notices()); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
	clear(d.far.fails)
	if r := d.send(nil); r.Sent != 50 {
		t.Errorf("got %+v", r)
	}
	if n := d.notices(); len(n) != 0 {
		t.Errorf("not mended: %q", n)
	}
}

// A program that dies between the server's answer and the record sends again, under the same Message-ID.
func TestDiedBeforeTheRecord(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.write("2026-05-13", "a", "b")
	release, _, err := d.store.HoldOutbox(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	taken, err := d.store.TakeMails(t.Context(), d.now, 1)
	if err != nil || len(taken) != 1 {
		t.Fatal(taken, err)
	}
	if _, err := outbox.Send(t.Context(), outbox.Options{Store: d.store, Sender: d.far, Now: func() time.Time { return d.now }}); !errors.Is(err, store.ErrRunning) {
		t.Errorf("beside another: got %v, want ErrRunning", err)
	}
	if err := release(); err != nil { // as death does
		t.Fatal(err)
	}
	r := d.send(nil)
	if r.Sent != 2 || r.Again != 1 {
		t.Errorf("got %+v", r)
	}
	if d.far.got[0].ID != taken[0].MessageID && d.far.got[1].ID != taken[0].MessageID {
		t.Errorf("%s is not among those sent", taken[0].MessageID)
	}
}

// When the record fails, sending stops: what cannot be recorded would be sent again and again.
func TestRecordFails(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var ids []string
	for i := range 300 {
		ids = append(ids, fmt.Sprintf("r%03d", i))
	}
	d.write("2026-05-13", ids...)
	var once sync.Once
	d.far.each = func(*outbox.Message) { once.Do(func() { d.store.Close() }) }
	_, err := outbox.Send(t.Context(), outbox.Options{Store: d.store, Sender: d.far, Now: func() time.Time { return d.now }, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Workers: 1})
	if err == nil || len(d.far.got) > 250 {
		t.Errorf("%v, %d mails were sent", err, len(d.far.got))
	}
}

// What is being handed over when the program is asked to end is finished and recorded.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.write("2026-05-13", "a", "b", "c", "d", "e")
	ctx, cancel := context.WithCancel(t.Context())
	d.far.each = func(*outbox.Message) { cancel() }
	r, err := outbox.Send(ctx, outbox.Options{Store: d.store, Sender: d.far, Now: func() time.Time { return d.now }, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Workers: 1})
	if err != nil || r.Sent < 1 || r.Sent > 2 || r.Stopped != "interrupted" {
		t.Errorf("got %+v, %v", r, err)
	}
	d.far.each = nil
	d.send(nil)
	if diff := cmp.Diff([]string{"a@example.org", "b@example.org", "c@example.org", "d@example.org", "e@example.org"}, d.far.addresses()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMessageID(t *testing.T) {
	t.Parallel()
	a := outbox.MessageID(store.MailKey{Recipient: "a", Period: "2026-05-13"}, "example.org")
	if a != outbox.MessageID(store.MailKey{Recipient: "a", Period: "2026-05-13"}, "example.org") || !strings.HasSuffix(a, "@example.org") || len(a) != 32+len("@example.org") {
		t.Error(a)
	}
	for _, k := range []store.MailKey{{Recipient: "a", Period: "2026-05-14"}, {Recipient: "b", Period: "2026-05-13"}, {Recipient: "a2026", Period: "-05-13"}} {
		if outbox.MessageID(k, "example.org") == a {
			t.Errorf("%s has the same", k)
		}
	}
}
