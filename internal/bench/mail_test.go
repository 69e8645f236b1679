package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	gomail "github.com/wneessen/go-mail"

	"utkik/internal/call"
)

// BenchmarkDigests writes digests for 10,000 recipients, who follow 1,800 different things, over a day on which 300
// calls changed, and sends them to a server on the loopback over 4 connections.
func BenchmarkDigests(b *testing.B) {
	const recipients, changed = 10_000, 300
	shared(b, "corpus")
	built := build(b)
	for b.Loop() {
		p := built.fresh(b, "")
		first, second := filepath.Join(p.dir, "first.jsonl"), filepath.Join(p.dir, "second.jsonl")
		days(b, first, second, changed)
		people(b, filepath.Join(p.dir, "people.yaml"), recipients)
		p.run(b, "--now", "2026-06-18T04:00:00Z", "import", first)
		p.run(b, "--now", "2026-06-19T04:10:00Z", "recipients", "import", filepath.Join(p.dir, "people.yaml"))
		p.run(b, "--now", "2026-06-22T04:00:00Z", "import", second)

		// Nobody listens yet: everything is written, and nothing sent.
		free, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		port := free.Addr().(*net.TCPAddr).Port
		if err := free.Close(); err != nil {
			b.Fatal(err)
		}
		p.add(b, mailing(port))
		out, wrote := p.partial(b, "--now", "2026-06-22T06:00:00Z", "--json", "digest", "--send")
		var told struct{ Written []struct{ Items int } }
		if err := json.Unmarshal(out, &told); err != nil || len(told.Written) < recipients/2 {
			b.Fatalf("%d written, %v", len(told.Written), err)
		}
		mails := float64(len(told.Written)) // the others follow what did not change
		items := 0
		for _, w := range told.Written {
			items += w.Items
		}
		b.ReportMetric(mails, "mails")
		b.ReportMetric(wrote.wall, "write-s")
		b.ReportMetric(wrote.cpu, "write-cpu-s")
		b.ReportMetric(wrote.rss, "write-MB")
		b.ReportMetric(float64(items)/mails, "items/mail")

		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			b.Fatal(err)
		}
		sink := &drain{}
		server := smtp.NewServer(sink)
		done := make(chan error, 1)
		go func() { done <- server.Serve(l) }()
		out, sent := p.run(b, "--now", "2026-06-22T06:00:00Z", "--json", "outbox", "send")
		var report struct{ Sent int }
		if err := json.Unmarshal(out, &report); err != nil || float64(report.Sent) != mails || int(sink.mails.Load()) != report.Sent {
			b.Fatalf("%d sent, %d came, %v", report.Sent, sink.mails.Load(), err)
		}
		idle := p.idle(b)
		b.ReportMetric(mails/(sent.wall-idle.wall), "mails/s")
		b.ReportMetric(float64(sink.bytes.Load())/mails/1024, "KB/mail")
		b.ReportMetric(sent.cpu-idle.cpu, "send-cpu-s")
		b.ReportMetric(sent.rss, "send-MB")
		b.ReportMetric(0, "ns/op") // says nothing here
		if err := errors.Join(server.Close(), l.Close()); err != nil && !errors.Is(err, net.ErrClosed) {
			b.Fatal(err)
		}
		<-done
	}
}

// mailing is the configuration of an installation that sends to a server on the loopback.
func mailing(port int) string {
	return fmt.Sprintf("web: {base_url: https://utkik.example.org/}\nmail: {host: 127.0.0.1, port: %d, from: utkik@example.org, tls: none, connections: 4}\n", port)
}

// partial runs the program to an end that may leave gaps (exit code 3).
func (p program) partial(b *testing.B, args ...string) ([]byte, cost) {
	b.Helper()
	cmd := p.command(b, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	c, err := timed(cmd)
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 3) {
		b.Fatalf("utkik %v: %v\n%s", args, err, errs.String())
	}
	return out.Bytes(), c
}

// drain is a server's end that takes every mail and keeps none.
type drain struct{ mails, bytes atomic.Int64 }

func (d *drain) NewSession(*smtp.Conn) (smtp.Session, error) { return d, nil }
func (d *drain) Mail(string, *smtp.MailOptions) error        { return nil }
func (d *drain) Rcpt(string, *smtp.RcptOptions) error        { return nil }
func (d *drain) Reset()                                      {}
func (d *drain) Logout() error                               { return nil }
func (d *drain) Data(r io.Reader) error {
	n, err := io.Copy(io.Discard, r)
	d.bytes.Add(n)
	d.mails.Add(1)
	return err
}

// days writes the corpus, and the same calls with another last day for so many of those that are open.
func days(b *testing.B, first, second string, changed int) {
	b.Helper()
	now := time.Date(2026, 6, 22, 6, 0, 0, 0, time.UTC)
	write := func(name string, alter func(*call.Call)) {
		f, err := os.Create(name)
		if err != nil {
			b.Fatal(err)
		}
		w := bufio.NewWriter(f)
		corpus(b, func(c *call.Call) {
			alter(c)
			line, err := call.Encode(c)
			if err != nil {
				b.Fatal(err)
			}
			_, _ = w.Write(append(line, '\n')) // Flush tells
		})
		if err := errors.Join(w.Flush(), f.Close()); err != nil {
			b.Fatal(err)
		}
	}
	write(first, func(*call.Call) {})
	n := 0
	write(second, func(c *call.Call) {
		last, ok := c.LastDeadline()
		if !ok || last.Passed(now.AddDate(0, 0, 20)) || n >= changed {
			return
		}
		n++
		day := last.Time().AddDate(0, 0, 7)
		c.Deadlines[len(c.Deadlines)-1] = call.Day(day.Year(), day.Month(), day.Day())
	})
	if n < changed {
		b.Fatalf("only %d calls of the corpus are open", n)
	}
}

// people writes recipients who follow a priority, and another of one kind only.
func people(b *testing.B, name string, n int) {
	b.Helper()
	priorities := strings.Fields("infrastruktur-cef sammanhallning arktis miljo-klimat forskning-innovation naringsliv besoksnaring halso-sjukvard tandvard kultur kompetensforsorjning unga-folkhogskola agenda-2030 interreg demokrati")
	kinds := []string{"call", "consultation", "planned", "news"}
	var out strings.Builder
	out.WriteString("recipients:\n")
	for i := range n {
		x, y := i%len(priorities), i/len(priorities)%len(priorities)
		k := i / 225 % len(kinds)
		fmt.Fprintf(&out, "  - {id: r%d, address: r%d@example.org, name: Mottagare, language: %s, follows: [{priorities: [%s]}, {priorities: [%s], kinds: [%s]}]}\n",
			i, i, []string{"sv", "sv", "en"}[i/900%3], priorities[x], priorities[y], kinds[k])
	}
	if err := os.WriteFile(name, []byte(out.String()), 0o644); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkPlainSMTP is go-mail alone: mails about as long as those of BenchmarkDigests, over 4 connections to the same kind of server.
func BenchmarkPlainSMTP(b *testing.B) {
	const mails, size = 4000, 85 << 10
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	sink := &drain{}
	server := smtp.NewServer(sink)
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	body := strings.Repeat("Text of a mail, about as long as a line is.\n", size/2/44)
	for b.Loop() {
		began := time.Now()
		var all sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			all.Go(func() {
				client, err := gomail.NewClient("127.0.0.1", gomail.WithPort(l.Addr().(*net.TCPAddr).Port), gomail.WithTLSPolicy(gomail.NoTLS))
				if err == nil {
					err = client.DialWithContext(b.Context())
				}
				for n := 0; n < mails/4 && err == nil; n++ {
					m := gomail.NewMsg()
					m.Subject("Digest")
					m.SetBodyString(gomail.TypeTextPlain, body)
					m.AddAlternativeString(gomail.TypeTextHTML, body)
					if err = errors.Join(m.From("utkik@example.org"), m.To(fmt.Sprintf("r%d@example.org", n))); err == nil {
						err = client.Send(m)
					}
				}
				errs[i] = err
			})
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(mails/time.Since(began).Seconds(), "mails/s")
		b.ReportMetric(0, "ns/op") // says nothing here
	}
	if err := errors.Join(server.Close(), l.Close()); err != nil && !errors.Is(err, net.ErrClosed) {
		b.Fatal(err)
	}
	<-done
}
