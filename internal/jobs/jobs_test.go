package jobs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"utkik/internal/call"
	"utkik/internal/store"
	"utkik/internal/store/storetest"
)

var pg storetest.Server

func TestMain(m *testing.M) {
	if url := os.Getenv("UTKIK_JOBS_CHILD"); url != "" {
		child(url)
		return
	}
	code := m.Run()
	pg.Stop()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Println(err)
			code = 1
		}
	}
	os.Exit(code)
}

// patience bounds every wait for an event.
const patience = time.Minute

// engines runs a test on an empty store of each engine that the machine has.
func engines(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); test(t, "sqlite:"+filepath.Join(t.TempDir(), "utkik.db")) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); test(t, pg.URL(t)) })
}

func openStore(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: url, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// openQueue opens the queue of a machine of its own, and starts it if it works queues.
func openQueue(t *testing.T, url string, queues map[string]int, kinds ...Kind) *Jobs {
	t.Helper()
	j, err := Open(t.Context(), Config{Store: openStore(t, url), Kinds: kinds, Queues: queues, Now: time.Now,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)), alive: 50 * time.Millisecond, dead: 400 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	if len(queues) > 0 {
		if err := j.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return j
}

func kindOf(name string, do func(context.Context, Job) error) Kind {
	return Kind{Name: name, Queue: "work", Tries: 2, Again: time.Millisecond, Do: do}
}

func wait[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s within %s", what, patience)
		panic("unreachable")
	}
}

// until asks again until the list of jobs is as wanted: what river writes after a job has no other sign.
func until(t *testing.T, j *Jobs, want func([]Line) bool) []Line {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for {
		lines, err := j.List(t.Context(), true, 0)
		if err != nil {
			t.Fatal(err)
		}
		if want(lines) {
			return lines
		}
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("the jobs are %+v", lines)
		}
	}
}

func TestUnique(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, url string) {
		began, goOn := make(chan Job), make(chan struct{})
		k := kindOf("crawl", func(_ context.Context, j Job) error { began <- j; <-goOn; return nil })
		asks := openQueue(t, url, nil, k)
		add := func(key string, want bool) {
			t.Helper()
			if got, err := asks.Add(t.Context(), "crawl", key, time.Time{}); err != nil || got != want {
				t.Errorf("adding %s: %v, %v, want %v", key, got, err, want)
			}
		}
		add("ft-portal", true)
		add("ft-portal", false) // queued
		add("have-your-say", true)
		works := openQueue(t, url, map[string]int{"work": 2}, k)
		wait(t, "job", began)
		wait(t, "job", began)
		add("ft-portal", false) // running
		lines := until(t, works, func(ls []Line) bool { return len(ls) == 2 && ls[0].State == Running && ls[1].State == Running })
		if l := lines[1]; l.Kind != "crawl" || l.Key != "ft-portal" || l.Queue != "work" || l.Try != 1 || l.Tries != 2 || l.Machine == "" {
			t.Errorf("listed as %+v", l)
		}
		if _, err := asks.Retry(t.Context(), lines[0].ID); !errors.Is(err, ErrNoJob) || !strings.Contains(err.Error(), "it is running on") {
			t.Errorf("retry of a running job: %v", err)
		}
		close(goOn)
		until(t, works, func(ls []Line) bool { return ls[0].State == Done && ls[1].State == Done })
		add("ft-portal", true) // done
		wait(t, "job", began)
		if _, err := asks.Add(t.Context(), "bake", "", time.Time{}); err == nil {
			t.Error("a kind that there is not")
		}
	})
}

func TestFailing(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, url string) {
		var tries atomic.Int64
		var mended atomic.Bool
		j := openQueue(t, url, map[string]int{"work": 1}, kindOf("send", func(_ context.Context, j Job) error {
			tries.Add(1)
			if mended.Load() {
				return nil
			}
			return fmt.Errorf("the server is away, try %d", j.Try)
		}))
		if _, err := j.Add(t.Context(), "send", "", time.Time{}); err != nil {
			t.Fatal(err)
		}
		lines := until(t, j, func(ls []Line) bool { return ls[0].State == Failed })
		if lines[0].Error != "the server is away, try 2" || tries.Load() != 2 {
			t.Errorf("%+v after %d tries", lines[0], tries.Load())
		}
		mended.Store(true)
		if l, err := j.Retry(t.Context(), lines[0].ID); err != nil || l.State != Queued {
			t.Errorf("retry: %+v, %v", l, err)
		}
		until(t, j, func(ls []Line) bool { return ls[0].State == Done })
		if _, err := j.Retry(t.Context(), 4711); !errors.Is(err, ErrNoJob) {
			t.Errorf("retry of no job: %v", err)
		}
	})
}

func TestLater(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, url string) {
		var n atomic.Int64
		j := openQueue(t, url, map[string]int{"work": 1}, kindOf("crawl", func(context.Context, Job) error {
			if n.Add(1) < 4 { // more often than it may be tried
				return &Later{Why: "it is being crawled by hand", For: time.Millisecond}
			}
			return nil
		}))
		if _, err := j.Add(t.Context(), "crawl", "ft-portal", time.Time{}); err != nil {
			t.Fatal(err)
		}
		lines := until(t, j, func(ls []Line) bool { return ls[0].State == Done })
		if n.Load() != 4 || lines[0].Error != "" {
			t.Errorf("%d calls, %+v", n.Load(), lines[0])
		}
	})
}

// A run and the end of its job are one transaction: a machine that dies just after has done the job.
func TestDoneWithItsRun(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, url string) {
		st := openStore(t, url)
		saved := make(chan error)
		at := time.Date(2026, 5, 12, 6, 0, 0, 0, time.UTC)
		save := func(ctx context.Context, complete bool) error {
			run, err := st.BeginRun(ctx, "ft-portal", "crawl", at)
			if err != nil {
				return err
			}
			run.Complete, run.Ended = complete, at
			return st.Commit(ctx, run, store.Batch{Source: "ft-portal", At: at, Saves: []store.Save{{Call: call.Call{
				Source: "ft-portal", Ref: "1", Kind: call.KindCall, Title: "Cleaner waters"}}}})
		}
		j := openQueue(t, url, map[string]int{"work": 1}, kindOf("crawl", func(ctx context.Context, j Job) error {
			err := save(ctx, j.Key == "whole")
			saved <- err
			<-ctx.Done() // and does not come back
			return errors.New("the machine died")
		}))
		for _, key := range []string{"half", "whole"} {
			if _, err := j.Add(t.Context(), "crawl", key, time.Time{}); err != nil {
				t.Fatal(err)
			}
			if err := wait(t, "run", saved); err != nil {
				t.Fatal(err)
			}
			if key == "half" {
				until(t, j, func(ls []Line) bool { return ls[0].State == Running })
				if err := j.Close(); err != nil {
					t.Error(err)
				}
				j = openQueue(t, url, map[string]int{"work": 1}, kindOf("crawl", func(ctx context.Context, j Job) error {
					if j.Key == "half" {
						return nil
					}
					err := save(ctx, true)
					saved <- err
					<-ctx.Done()
					return errors.New("the machine died")
				}))
				until(t, j, func(ls []Line) bool { return ls[0].State == Done }) // begun again
				continue
			}
			until(t, j, func(ls []Line) bool { return ls[0].Key == "whole" && ls[0].State == Done })
		}
		if rs, err := st.Runs(t.Context(), "ft-portal", 0); err != nil || len(rs) != 2 {
			t.Errorf("%d runs, %v, want 2", len(rs), err)
		}
	})
}

// One machine at a time adds the periodic jobs.
func TestPeriodic(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, url string) {
		ticks := make(chan Job, 100)
		k := kindOf("tick", func(_ context.Context, j Job) error { ticks <- j; return nil })
		k.Every = time.Second
		a := openQueue(t, url, map[string]int{"work": 1}, k)
		openQueue(t, url, map[string]int{"work": 1}, k)
		for range 3 {
			wait(t, "tick", ticks)
		}
		lines, err := a.List(t.Context(), true, 100)
		if err != nil {
			t.Fatal(err)
		}
		var at []time.Time // for which they were added; when they ran hangs on how busy the machine is
		for _, l := range lines {
			if l.Kind == "tick" {
				at = append(at, l.At)
			}
		}
		slices.SortFunc(at, time.Time.Compare)
		for i := 1; i < len(at); i++ {
			if apart := at[i].Sub(at[i-1]); apart < 500*time.Millisecond {
				t.Errorf("ticks of a second each, %s apart: both machines added them: %v", apart, at)
			}
		}
		if len(at) < 3 {
			t.Errorf("%d ticks are listed", len(at))
		}
		if err := a.Close(); err != nil { // the leader, most likely
			t.Fatal(err)
		}
		for len(ticks) > 0 {
			<-ticks
		}
		wait(t, "tick of the new leader", ticks)
	})
}

// child is another machine: it takes a job and hangs until it is killed.
func child(url string) {
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{URL: url, Now: time.Now})
	if err == nil {
		var j *Jobs
		j, err = Open(ctx, Config{Store: s, Now: time.Now, Log: slog.New(slog.DiscardHandler), Queues: map[string]int{"fragile": 1},
			alive: 50 * time.Millisecond, dead: 400 * time.Millisecond, Kinds: []Kind{{Name: "die", Queue: "fragile", Tries: 3, Again: time.Hour,
				Do: func(context.Context, Job) error { fmt.Println("working"); select {} }},
				kindOf("live", nothing), kindOf("tick", nothing)}})
		if err == nil {
			err = j.Start(ctx)
		}
	}
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	bufio.NewReader(os.Stdin).ReadString('\n')
}

func nothing(context.Context, Job) error { return nil }

// A job whose machine is dead goes to another; one that only takes long does not.
func TestDeadMachine(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, url string) {
		led, lives, done := make(chan Job, 100), make(chan Job, 9), make(chan Job, 9)
		tick := kindOf("tick", func(_ context.Context, j Job) error { led <- j; return nil })
		tick.Every = time.Hour
		goOn := make(chan struct{})
		live := kindOf("live", func(context.Context, Job) error { lives <- Job{}; <-goOn; return nil })
		die := Kind{Name: "die", Queue: "fragile", Tries: 3, Again: time.Hour, // which is for a failure, and this is none
			Do: func(_ context.Context, j Job) error { done <- j; return nil }}
		tick.Queue = "lead"
		leader := openQueue(t, url, map[string]int{"lead": 1}, tick, live, die)
		wait(t, "leader", led)
		busy := openQueue(t, url, map[string]int{"work": 1}, tick, live, die)
		for _, kind := range []string{"die", "live"} {
			if _, err := busy.Add(t.Context(), kind, "", time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		wait(t, "long job", lives)
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "UTKIK_JOBS_CHILD="+url)
		if _, err := cmd.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		if !lines.Scan() || lines.Text() != "working" {
			t.Fatalf("the other machine: %q", lines.Text())
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()

		// Another works what the dead one did. Who comes to lead looks for the dead at once, so the leader makes room.
		other := openQueue(t, url, map[string]int{"fragile": 1}, tick, live, die)
		if err := leader.Close(); err != nil {
			t.Fatal(err)
		}
		if j := wait(t, "the dead machine's job", done); j.Try != 2 {
			t.Errorf("it came as try %d", j.Try)
		}
		of := func(ls []Line, kind string) Line {
			return ls[slices.IndexFunc(ls, func(l Line) bool { return l.Kind == kind })]
		}
		ls := until(t, other, func(ls []Line) bool { return of(ls, "die").State == Done })
		if l := of(ls, "live"); l.State != Running || l.Try != 1 {
			t.Errorf("the job that takes long: %+v", l)
		}
		close(goOn)
		until(t, other, func(ls []Line) bool { return of(ls, "live").State == Done })
		if len(lives) != 0 {
			t.Error("the long job was begun twice")
		}
	})
}

// Who leads is told to who only asks, and that nobody does once the leader has stopped.
func TestLeader(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, url string) {
		asking := openQueue(t, url, nil)
		is := func(what string, so func(string) bool) {
			t.Helper()
			tick := time.NewTicker(50 * time.Millisecond)
			defer tick.Stop()
			for end := time.After(patience); ; {
				who, err := asking.Leader(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if so(who) {
					return
				}
				select {
				case <-tick.C:
				case <-end:
					t.Fatalf("%s: not within %s", what, patience)
				}
			}
		}
		if who, err := asking.Leader(t.Context()); who != "" || err != nil {
			t.Errorf("before anybody works, %q leads, %v", who, err)
		}
		working := openQueue(t, url, map[string]int{"q": 1}, Kind{Name: "work", Queue: "q", Tries: 1, Again: time.Minute, Do: func(context.Context, Job) error { return nil }})
		is("somebody leads", func(who string) bool { return who != "" })
		if err := working.Close(); err != nil {
			t.Fatal(err)
		}
		is("nobody leads", func(who string) bool { return who == "" })
	})
}
