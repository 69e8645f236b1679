package app_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"utkik/config"
	"utkik/internal/app"
	"utkik/internal/doctor"
)

// examined gives what the doctor says, but for this machine's own clock and disk.
func examined(t *testing.T, file string, now time.Time, o app.DoctorOptions) map[string][]doctor.Line {
	t.Helper()
	cfg, err := config.Load(config.Options{File: file, Flags: config.Flags{Now: now.Format(time.RFC3339)}})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]doctor.Line{}
	for _, l := range app.Doctor(t.Context(), cfg, o) {
		if (l.State == doctor.OK) != (l.Next == "") {
			t.Errorf("%+v: what to do stands where something is ill, and only there", l)
		}
		out[l.Part] = append(out[l.Part], l)
	}
	return out
}

func want(t *testing.T, lines map[string][]doctor.Line, part string, state doctor.State, words string) {
	t.Helper()
	for _, l := range lines[part] {
		if l.State == state && strings.Contains(l.Text, words) {
			return
		}
	}
	t.Errorf("%s: want %s with %q, got %+v", part, state, words, lines[part])
}

// On either engine, served or not, the doctor says what is so.
func TestDoctor(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			portal, text := watching(t)
			file := configure(t, text+place(t, engine))
			day := portal.Days()[0]
			lines := examined(t, file, day, app.DoctorOptions{})
			want(t, lines, "store", doctor.OK, "there is none yet")
			a := installation(t, file, day)
			crawl(t, a)
			if err := a.Store.RaiseNotice(t.Context(), "mail:server", "no mail can be sent", day); err != nil {
				t.Fatal(err)
			}
			closeApp(t, a)
			lines = examined(t, file, day, app.DoctorOptions{})
			want(t, lines, "store", doctor.OK, "read from end to end: whole")
			want(t, lines, "sources", doctor.OK, "2 of 2 in service are well; 0 are to be read now")
			want(t, lines, "index", doctor.OK, "calls, undamaged, 0 to follow")
			want(t, lines, "queue", doctor.Warn, "no machine leads it")
			want(t, lines, "notices", doctor.Warn, "no mail can be sent")
			lines = examined(t, file, day.AddDate(0, 0, 5), app.DoctorOptions{Quick: true})
			want(t, lines, "sources", doctor.Warn, "ft-portal is late: not read since")
			want(t, lines, "sources", doctor.OK, "0 of 2 in service are well; 2 are to be read now")
			if len(lines["store"]) != 1 {
				t.Errorf("quickly, and yet %+v", lines["store"])
			}
			// Another store, as if one had been restored beside an index that knows more.
			other := configure(t, text)
			b := installation(t, other, day)
			closeApp(t, b)
			if err := os.Rename(filepath.Join(filepath.Dir(file), "data", "index"), filepath.Join(filepath.Dir(other), "data", "index")); err != nil {
				t.Fatal(err)
			}
			lines = examined(t, other, day, app.DoctorOptions{})
			want(t, lines, "index", doctor.Warn, "it was set back")
		})
	}
}

// Where no server answers, the rest is looked at all the same.
func TestDoctorWithoutServer(t *testing.T) {
	t.Parallel()
	file := configure(t, "store: {url: \"postgres://utkik@127.0.0.1:1/utkik\"}\nmail: {host: 127.0.0.1, port: 1, from: utkik@example.org}\n")
	lines := examined(t, file, time.Now(), app.DoctorOptions{})
	want(t, lines, "store", doctor.Fail, "no PostgreSQL server answers there")
	want(t, lines, "mail", doctor.Fail, "127.0.0.1:1, at connecting")
	want(t, lines, "index", doctor.OK, "there is none")
	lines = examined(t, file, time.Now(), app.DoctorOptions{Offline: true})
	want(t, lines, "mail", doctor.OK, "was not asked")
	if _, err := os.Stat(filepath.Join(filepath.Dir(file), "data")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the data folder was made: %v", err)
	}
}
