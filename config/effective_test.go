package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"utkik/config"
)

func TestEffectiveHidesSecrets(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "utkik.yaml")
	write(t, file, `store:
  url: postgres://utkik:hemligt@db:5432/utkik?sslmode=verify-full&sslpassword=hemligt
mail: {username: utkik, password: hemligt, host: mail.example.org, from: utkik@example.org}
`)
	c := load(t, config.Options{File: file, Environ: []string{"UTKIK_CRAWLER_DELAY=250ms"}, Flags: config.Flags{Data: "elsewhere"}})
	got, err := c.Effective()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"url: postgres://utkik:REDACTED@db:5432/utkik?sslmode=verify-full&sslpassword=REDACTED # " + file + ":2",
		"password: REDACTED # " + file + ":3",
		"data: elsewhere # --data",
		"delay: 250ms # UTKIK_CRAWLER_DELAY",
		"log_level: info\n",
		"- id: ft-portal",
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if strings.Contains(string(got), "hemligt") {
		t.Errorf("a secret is shown:\n%s", got)
	}
	if c.Mail.Password != "hemligt" {
		t.Error("showing the configuration altered it")
	}
}

// TestSecretsAreTagged: a field whose name speaks of a secret is redacted.
func TestSecretsAreTagged(t *testing.T) {
	t.Parallel()
	secret := regexp.MustCompile(`(?i)password|secret|token|private_key|credential`)
	var walk func(reflect.Type)
	walk = func(section reflect.Type) {
		for _, f := range reflect.VisibleFields(section) {
			if secret.MatchString(f.Tag.Get("mapstructure")) && f.Tag.Get("secret") == "" {
				t.Errorf("%s.%s is not tagged secret", section, f.Name)
			}
			if f.Type.Kind() == reflect.Struct && f.Tag.Get("mapstructure") != "-" && f.Tag.Get("mapstructure") != "" {
				walk(f.Type)
			}
		}
	}
	walk(reflect.TypeFor[config.Config]())
}

// TestEffectiveIsAConfiguration: what is shown can be written to a file and means the same.
func TestEffectiveIsAConfiguration(t *testing.T) {
	t.Parallel()
	c := load(t, config.Options{Environ: []string{"UTKIK_CRAWLER_DELAY=0s", "UTKIK_SOURCES_FT_PORTAL_DELAY=3s", "UTKIK_CRAWLER_CONTACT=true"}})
	first, err := c.Effective()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "again.yaml")
	write(t, file, string(first))
	again := load(t, config.Options{File: file})
	if diff := cmp.Diff(c.Sources(), again.Sources()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	second, err := again.Effective()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(withoutComments(first), withoutComments(second)); diff != "" {
		t.Errorf("-first +second:\n%s", diff)
	}
}

func withoutComments(yaml []byte) string {
	return regexp.MustCompile(` # .*`).ReplaceAllString(string(yaml), "")
}

// TestKeysAreExplained compares the tables of README.md with what is read, and its examples with the reader.
func TestKeysAreExplained(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([a-z_.\\[\\]]+)` \\| (.*?) \\| .+ \\|$")
	head, tail, found := strings.Cut(string(text), "## A source's file")
	if !found {
		t.Fatal("README.md has no section on a source's file")
	}
	for _, table := range []struct {
		text string
		want []string
	}{{head, config.Keys()}, {tail, config.SourceKeys()}} {
		var got []string
		for _, row := range rows.FindAllStringSubmatch(table.text, -1) {
			got = append(got, row[1])
		}
		slices.Sort(got)
		if diff := cmp.Diff(table.want, got); diff != "" {
			t.Errorf("keys that are read (-) and keys that are explained (+):\n%s", diff)
		}
	}

	defaults, err := load(t, config.Options{}).Effective()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows.FindAllStringSubmatch(head, -1) {
		path := strings.Split(row[1], ".")
		value, ok := strings.CutPrefix(row[2], "`")
		if !ok || strings.Contains(row[1], "[]") {
			continue
		}
		line := strings.Repeat("  ", len(path)-1) + path[len(path)-1] + ": " + strings.TrimSuffix(value, "`")
		if !strings.Contains("\n"+string(defaults), "\n"+line+"\n") {
			t.Errorf("the default of %s is explained as %s; in force is\n%s", row[1], row[2], defaults)
		}
	}

	example := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(example) != 2 {
		t.Fatalf("%d examples, want a configuration and a source", len(example))
	}
	file := filepath.Join(t.TempDir(), "utkik.yaml")
	write(t, file, example[0][1])
	load(t, config.Options{File: file})
	if _, err := config.DecodeSource("example-feed.yaml", []byte(example[1][1])); err != nil {
		t.Error(err)
	}
}
