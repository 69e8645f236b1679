package config_test

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"utkik/config"
	"utkik/crawler/kind"
)

var updateProblems = flag.Bool("update-problems", false, "write what was said into testdata/problems")

// TestProblems holds the words of every kind of mistake. A script has the configuration and what stands
// beside it; "environ" and "flags" are read line by line, "want" is what the operator is told.
func TestProblems(t *testing.T) {
	scripts, err := filepath.Glob("testdata/problems/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, script := range scripts {
		name, err := filepath.Abs(script)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(script), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(t.TempDir())
			o := config.Options{Search: []string{"."}}
			var want *txtar.File
			for i, f := range archive.Files {
				lines := strings.Split(strings.TrimSpace(string(f.Data)), "\n")
				switch f.Name {
				case "want":
					want = &archive.Files[i]
				case "environ":
					o.Environ = lines
				case "flags":
					o.File, o.Flags = flagsOf(t, lines)
				default:
					write(t, f.Name, string(f.Data))
				}
			}
			got := ""
			if _, err := config.Load(o); err != nil {
				got = err.Error() + "\n"
			}
			if *updateProblems {
				want.Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if strings.Contains(got, "hemligt") {
				t.Error("a secret is told")
			}
		})
	}
}

func flagsOf(t *testing.T, lines []string) (file string, flags config.Flags) {
	t.Helper()
	to := map[string]*string{
		"--config": &file, "--data": &flags.Data, "--log-level": &flags.LogLevel, "--log-format": &flags.LogFormat,
		"--now": &flags.Now, "--plan": &flags.Plan, "--listen": &flags.Listen,
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, " ")
		if to[name] == nil {
			t.Fatalf("no flag %q", name)
		}
		*to[name] = value
	}
	return file, flags
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// load reads a configuration that has no problems.
func load(t *testing.T, o config.Options) *config.Config {
	t.Helper()
	if o.Search == nil {
		o.Search = []string{t.TempDir()}
	}
	c, err := config.Load(o)
	if err != nil {
		t.Fatalf("load:\n%v", err)
	}
	return c
}

func source(t *testing.T, c *config.Config, id string) kind.Source {
	t.Helper()
	for _, s := range c.Sources() {
		if s.ID == id {
			return s
		}
	}
	t.Fatalf("no source %q", id)
	return kind.Source{}
}

func TestNothingDecided(t *testing.T) {
	t.Parallel()
	c := load(t, config.Options{})
	want := config.Defaults()
	if c.Data != want.Data || c.Plan != want.Plan || c.LogLevel != want.LogLevel || c.File != "" || !c.Now.IsZero() {
		t.Errorf("got %+v", c)
	}
	if diff := cmp.Diff(want.Crawler, c.Crawler); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want.Mail, c.Mail); diff != "" {
		t.Error(diff)
	}
	if len(c.Sources()) == 0 {
		t.Error("no sources come with the program")
	}
}

func TestWhoWins(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mine.yaml")
	write(t, file, `
data: from-file
log_level: warn
plan: rvn-2020
crawler: {user_agent: from-file, retries: 5, timeout: 10s}
web: {listen: "127.0.0.1:1"}
`)
	c := load(t, config.Options{
		File:    file,
		Environ: []string{"UTKIK_DATA=from-environment", "UTKIK_LOG_LEVEL=error", "UTKIK_CRAWLER_RETRIES=7", "UTKIK_WEB_LISTEN=", "HOME=elsewhere", "UTKIK_TEST_ANYTHING=1"},
		Flags:   config.Flags{Data: "from-flag", Now: "2026-05-13T08:00:00+02:00"},
	})
	got := []any{c.Data, c.LogLevel, c.Crawler.UserAgent, c.Crawler.Retries, c.Crawler.Timeout, c.Crawler.MaxBytes, c.Web.Listen, c.Mail.Port, c.File, c.Now.UTC()}
	want := []any{"from-flag", "error", "from-file", 7, 10 * time.Second, int64(32 << 20), "127.0.0.1:1", 587, file, time.Date(2026, 5, 13, 6, 0, 0, 0, time.UTC)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestEveryKeyHasItsVariable(t *testing.T) {
	t.Parallel()
	c := load(t, config.Options{Environ: []string{
		"UTKIK_STORE_URL=postgres://utkik@db/utkik", "UTKIK_CRAWLER_DELAY=0s", "UTKIK_CRAWLER_ALLOW_PRIVATE=true",
		"UTKIK_CRAWLER_USER_AGENT=a b", "UTKIK_MAIL_PASSWORD=hemligt", "UTKIK_MAIL_USERNAME=utkik", "UTKIK_MAIL_PORT=25",
	}})
	got := []any{c.Store.URL, *c.Crawler.Delay, c.Crawler.AllowPrivate, c.Crawler.UserAgent, c.Mail.Password, c.Mail.Port}
	want := []any{"postgres://utkik@db/utkik", time.Duration(0), true, "a b", "hemligt", 25}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSecretFromFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "password")
	write(t, file, "hemligt\n")
	c := load(t, config.Options{Environ: []string{"UTKIK_MAIL_PASSWORD_FILE=" + file, "UTKIK_MAIL_USERNAME=utkik"}})
	if c.Mail.Password != "hemligt" {
		t.Errorf("got %q", c.Mail.Password)
	}
}

// Of an organisation only the secret comes from the environment; what it does not say of its sign-in is as everybody's.
func TestOrganisationsSettings(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	secret, file := filepath.Join(folder, "secret"), filepath.Join(folder, "utkik.yaml")
	write(t, secret, "bergs\n")
	write(t, file, `
web: {base_url: "https://utkik.example.org/eu/"}
mail: {host: mail.example.org, from: utkik@example.org, reply_to: svar@example.org}
signin: {mail: {allow: [{address: anna@example.org, role: admin}]}}
plans:
  - {id: skogsby, plan: strandhammar-2030, base_url: "https://skogsby.example", from: utkik@skogsby.example, oidc: {issuer: "https://id.skogsby.example", client_id: u, claim: groups, everyone: reader}}
  - {id: nya-berg, plan: rvn-2020, base_url: /o/nya-berg, signin: editor, reply_to: svar@berg.example, oidc: {issuer: "https://id.berg.example", client_id: u, everyone: reader}}
  - {id: vik, plan: rvn-2020}
`)
	c := load(t, config.Options{File: file, Environ: []string{"UTKIK_PLANS_SKOGSBY_OIDC_CLIENT_SECRET=skogsbys", "UTKIK_PLANS_NYA_BERG_OIDC_CLIENT_SECRET_FILE=" + secret}})
	type settings struct{ BaseURL, Root, Secret, Scopes, Claim, Recipients, From, ReplyTo string }
	var got []settings
	for _, o := range c.Plans {
		of := c.For(o)
		got = append(got, settings{of.Web.BaseURL, of.Web.Root(), of.Signin.OIDC.ClientSecret, of.Signin.OIDC.Scopes, of.Signin.OIDC.Claim, of.Signin.Mail.Recipients, of.Mail.From, of.Mail.ReplyTo})
		if len(of.Signin.Mail.Allow) > 0 {
			t.Errorf("%s lets in whom the installation lets in", o.ID)
		}
	}
	const scopes = "openid profile email"
	want := []settings{
		{"https://skogsby.example", "", "skogsbys", scopes, "groups", "", "utkik@skogsby.example", ""},
		{"https://utkik.example.org/eu/o/nya-berg", "/eu/o/nya-berg", "bergs", scopes, "roles", "editor", "utkik@example.org", "svar@berg.example"},
		{"", "", "", scopes, "roles", "", "utkik@example.org", "svar@example.org"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	shown, err := c.Effective()
	if err != nil || strings.Contains(string(shown), "skogsbys") || strings.Contains(string(shown), "bergs\n") {
		t.Errorf("secrets are shown: %v\n%s", err, shown)
	}
	_, err = config.Load(config.Options{File: file, Environ: []string{"UTKIK_PLANS_BERG_OIDC_CLIENT_SECRET=x", "UTKIK_PLANS_SKOGSBY_FROM=x", "UTKIK_PLANS_NYA_BERG_OIDC_CLIENT_SECRET_FILE=" + secret + "x"}})
	var problems config.Problems
	if !errors.As(err, &problems) || len(problems) != 3 {
		t.Errorf("got %v", err)
	}
}

func TestSearchedFolders(t *testing.T) {
	t.Parallel()
	first, second := t.TempDir(), t.TempDir()
	write(t, filepath.Join(second, "utkik.yaml"), "data: second\n")
	if c := load(t, config.Options{Search: []string{first, second}}); c.Data != "second" {
		t.Errorf("data is %q", c.Data)
	}
	write(t, filepath.Join(first, "utkik.yaml"), "# nothing decided\n")
	if c := load(t, config.Options{Search: []string{first, second}}); c.Data != "./utkik-data" {
		t.Errorf("data is %q: the first file must stand alone", c.Data)
	}
}

func TestSourcesAreAltered(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "sources", "own-site.yaml"), ownSource)
	file := filepath.Join(folder, "utkik.yaml")
	write(t, file, `
files: {dir: `+folder+`}
sources:
  - {id: ft-portal, base: "http://127.0.0.1:8901/", enabled: false}
  - {id: own-site, delay: 5s}
crawler: {delay: 0s, max_bytes: 1000}
`)
	plain := load(t, config.Options{})
	c := load(t, config.Options{File: file, Environ: []string{"UTKIK_SOURCES_OWN_SITE_EVERY=1h", "UTKIK_SOURCES_FT_PORTAL_ENABLED=true"}})

	ft, was := source(t, c, "ft-portal"), source(t, plain, "ft-portal")
	was.Base, was.Enabled, was.Delay = "http://127.0.0.1:8901", true, 0
	was.MaxBytes = ft.MaxBytes
	if diff := cmp.Diff(was, ft); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	want := kind.Source{
		ID: "own-site", Kind: "feed", Name: "Egen sida", NameEN: "Egen sida", Home: "https://example.org/", Enabled: true,
		Zone: "Europe/Stockholm", Address: map[string]string{"Feed": "https://example.org/feed.xml"},
		Every: time.Hour, Delay: 5 * time.Second, MaxBytes: 1000, Expect: kind.Expect{MaxJump: 0.25},
	}
	if diff := cmp.Diff(want, source(t, c, "own-site")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for i, s := range c.Sources()[1:] {
		if c.Sources()[i].ID >= s.ID {
			t.Errorf("%s stands before %s", c.Sources()[i].ID, s.ID)
		}
	}
	if got, want := len(c.Sources()), len(plain.Sources())+1; got != want {
		t.Errorf("%d sources, want %d", got, want)
	}
}

const ownSource = `
id: own-site
kind: feed
name: Egen sida
home: https://example.org/
zone: Europe/Stockholm
address:
  Feed: https://example.org/feed.xml
every: 24h
delay: 2s
`

// TestOperatorReplacesSource: a file of the operator's stands for the one of that name.
func TestOperatorReplacesSource(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "sources", "ft-portal.yaml"), strings.ReplaceAll(ownSource, "own-site", "ft-portal"))
	c := load(t, config.Options{Environ: []string{"UTKIK_FILES_DIR=" + folder}})
	if got := source(t, c, "ft-portal").Name; got != "Egen sida" {
		t.Errorf("name is %q", got)
	}
}

func TestPlanIsFound(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	text, err := fs.ReadFile(config.Embedded(), "plans/rvn-2020.yaml")
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(folder, "plans", "mine.yaml")
	write(t, own, string(text))
	c := load(t, config.Options{Environ: []string{"UTKIK_FILES_DIR=" + folder}})
	for name, want := range map[string]string{
		"":         "config/plans/rvn-2020.yaml",
		"rvn-2020": "config/plans/rvn-2020.yaml",
		"mine":     own,
		own:        own,
	} {
		file, data, err := c.PlanData(name)
		if err != nil || filepath.ToSlash(file) != filepath.ToSlash(want) || len(data) != len(text) {
			t.Errorf("plan %q: %s, %d bytes, %v; want %s", name, file, len(data), err, want)
		}
	}
	if p, err := c.LoadPlan(""); err != nil || p.ID == "" {
		t.Errorf("plan %+v: %v", p, err)
	}
	if _, err := c.LoadPlan("rvn-2021"); err == nil || !strings.Contains(err.Error(), "did you mean rvn-2020?") {
		t.Errorf("got %v", err)
	}
}

func TestProblemsAreAnError(t *testing.T) {
	t.Parallel()
	_, err := config.Load(config.Options{Search: []string{t.TempDir()}, Flags: config.Flags{LogLevel: "loud", Now: "today"}})
	var problems config.Problems
	if !errors.As(err, &problems) || len(problems) != 2 {
		t.Fatalf("got %v", err)
	}
	if config.Problems(nil).Err() != nil {
		t.Error("no problems are an error")
	}
}

// The examples of doc/signin.md are read as they stand, with what they leave out.
func TestSigninExamples(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "doc", "signin.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 4 {
		t.Fatalf("%d examples, want 4", len(blocks))
	}
	for _, b := range blocks {
		yaml := b[1]
		if !strings.Contains(yaml, "web:") {
			yaml += "web: {base_url: https://utkik.example.org}\n"
		}
		if strings.Contains(yaml, "  mail:") {
			yaml += "mail: {host: mail.example.org, from: utkik@example.org}\n"
		}
		file := filepath.Join(t.TempDir(), "utkik.yaml")
		write(t, file, yaml)
		if _, err := config.Load(config.Options{File: file}); err != nil {
			t.Errorf("%v\n%s", err, yaml)
		}
	}
}
