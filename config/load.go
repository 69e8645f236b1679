package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/viper"

	"utkik/crawler/kind"
	"utkik/internal/plan"
	"utkik/internal/text"
)

// Options say where the configuration comes from. The environment and the command line are handed in:
// this package reads neither.
type Options struct {
	File    string   // --config; a file that is named must be there
	Flags   Flags    // stand above everything else
	Environ []string // NAME=value, as os.Environ gives it; stands above the file
	Search  []string // folders to look for utkik.yaml in when File is empty; nil means . and /etc/utkik
}

// Flags are the values of the command line. An empty one was not given.
type Flags struct {
	Data      string // --data
	LogLevel  string // --log-level
	LogFormat string // --log-format
	Now       string // --now, RFC 3339
	Plan      string // --plan
	Listen    string // --listen
}

// fileName is the configuration's name in the folders that are searched.
const fileName = "utkik.yaml"

// envPrefix begins every variable that is ours. Those that begin with testPrefix belong to tests.
const (
	envPrefix  = "UTKIK_"
	testPrefix = "UTKIK_TEST_"
	// fileSuffix on the variable of a secret names a file that holds it, as services and containers hand
	// secrets over.
	fileSuffix = "_FILE"
)

// Load reads the file, the environment and the flags, lowest first, over the defaults, and the sources
// that come with the program or stand in the operator's folder. The error is [Problems]: everything that
// is wrong. Plans are read by [Config.LoadPlan]; here it is only seen to that the plan exists.
func Load(o Options) (*Config, error) {
	l := loader{findings: findings{places: map[string]place{}}, layers: viper.New()}
	file := l.readFile(o)
	late := l.readEnviron(o.Environ)
	c := Defaults()
	c.Now = l.readFlags(o.Flags)
	if err := l.layers.UnmarshalExact(&c); err != nil {
		// Unreachable: only values of the right keys and types are put into the layers.
		l.add(Problem{File: file, Text: err.Error()})
	}
	c.File = file
	c.places = l.places
	late = l.secretsFromEnviron(&c, late)
	l.validate(&c)

	sources, broken := l.readSources(c.Files.Dir)
	l.overrideFromEnviron(&c, sources, late)
	c.sources = l.override(&c, sources, broken)
	l.checkPlan(&c)
	if err := l.problems.Err(); err != nil {
		return nil, err
	}
	return &c, nil
}

// loader gathers the layers, and what is wrong with them.
type loader struct {
	findings
	layers *viper.Viper
}

const (
	environment = "environment"
	commandLine = "command line"
)

// readFile puts the configuration file into the layers and gives its name.
func (l *loader) readFile(o Options) string {
	names := []string{o.File}
	if o.File == "" {
		folders := o.Search
		if folders == nil {
			folders = []string{".", "/etc/utkik"}
		}
		names = nil
		for _, folder := range folders {
			names = append(names, filepath.Join(folder, fileName))
		}
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) && o.File == "" {
			continue
		}
		if err != nil {
			l.add(Problem{File: name, Text: unreadable(err) + "; name another with --config, or leave --config out"})
			return name
		}
		values, places, problems := decodeFile(name, data, reflect.TypeFor[Config]())
		for key, at := range places {
			l.places[key] = at
		}
		l.add(problems...)
		if err := l.layers.MergeConfigMap(values); err != nil {
			l.add(Problem{File: name, Text: err.Error()}) // unreachable: maps merge into an empty layer
		}
		return name
	}
	return ""
}

// unreadable says what is wrong with a file, without its name, which stands before the message.
func unreadable(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}

// readEnviron puts the environment into the layers. It gives back the variables that alter a source or an organisation,
// which wait until those are known. An empty variable counts as not set: that is how containers
// pass on what nobody gave.
func (l *loader) readEnviron(environ []string) []string {
	leaves := leavesOf(reflect.TypeFor[Config](), "")
	known := map[string]leaf{}
	var names []string
	for _, f := range leaves {
		known[envName(f.key)] = f
		names = append(names, envName(f.key))
	}
	var late []string
	for _, pair := range slices.Sorted(slices.Values(environ)) {
		name, value, _ := strings.Cut(pair, "=")
		at := place{file: environment, key: name}
		switch {
		case !strings.HasPrefix(name, envPrefix), strings.HasPrefix(name, testPrefix):
			continue
		case strings.HasPrefix(name, envName("sources")+"_"), strings.HasPrefix(name, envName("plans")+"_"):
			late = append(late, pair)
			continue
		}
		field, is := known[name]
		if base, named := strings.CutSuffix(name, fileSuffix); !is && named && known[base].secret {
			secret, ok := l.secretFile(value, at)
			if !ok {
				continue
			}
			field, is, value = known[base], true, secret
		}
		if !is {
			l.add(at.problem("unknown variable%s", hintVariable(name, names)))
			continue
		}
		l.set(field, value, at)
	}
	return late
}

// readFlags puts the flags into the layers and gives the time of --now.
func (l *loader) readFlags(flags Flags) time.Time {
	for _, f := range []struct{ flag, key, value string }{
		{"--data", "data", flags.Data},
		{"--log-level", "log_level", flags.LogLevel},
		{"--log-format", "log_format", flags.LogFormat},
		{"--plan", "plan", flags.Plan},
		{"--listen", "web.listen", flags.Listen},
	} {
		l.set(leaf{key: f.key, typ: reflect.TypeFor[string]()}, f.value, place{file: commandLine, key: f.flag})
	}
	if flags.Now == "" {
		return time.Time{}
	}
	now, err := time.Parse(time.RFC3339, flags.Now)
	if err != nil {
		l.add(place{file: commandLine, key: "--now"}.problem("want a time with its zone, such as 2026-05-13T06:00:00Z, got %q", flags.Now))
	}
	return now
}

// set puts one value above the file. The environment comes first and the flags last, so that flags win.
func (l *loader) set(f leaf, text string, at place) {
	if text == "" {
		return
	}
	v, complaint := scalar(text, f.typ, f.secret)
	if complaint != "" {
		l.add(at.problem("%s", complaint))
		return
	}
	l.layers.Set(f.key, v)
	l.places[f.key] = at
}

// secretFile reads the file that a variable names in place of a secret.
func (l *loader) secretFile(name string, at place) (string, bool) {
	data, err := os.ReadFile(name)
	if name != "" && err != nil {
		l.add(at.problem("%q: %s", name, unreadable(err)))
		return "", false
	}
	return strings.TrimRight(string(data), "\r\n"), true
}

// secretsFromEnviron reads UTKIK_PLANS_SKOGSBY_OIDC_CLIENT_SECRET, or the file that the same with _FILE names, and gives back the
// variables that speak of no organisation. Of a list's entries only secrets come from outside the file.
func (l *loader) secretsFromEnviron(c *Config, late []string) (rest []string) {
	known := map[string]int{}
	var names []string
	for i, o := range c.Plans {
		name := envName("plans." + o.ID + ".oidc.client_secret")
		known[name] = i
		names = append(names, name)
	}
	for _, pair := range late {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, envName("plans")+"_") {
			rest = append(rest, pair)
			continue
		}
		at := place{file: environment, key: name}
		i, is := known[name]
		if base, named := strings.CutSuffix(name, fileSuffix); !is && named {
			if i, is = known[base]; is {
				if value, is = l.secretFile(value, at); !is {
					continue
				}
			}
		}
		switch {
		case !is:
			l.add(at.problem("unknown variable%s", hintVariable(name, names)))
		case value != "":
			c.Plans[i].OIDC.ClientSecret = value
			l.places[fmt.Sprintf("plans[%d].oidc.client_secret", i)] = at
		}
	}
	return rest
}

// overrideFromEnviron reads UTKIK_SOURCES_FT_PORTAL_BASE and its like, over what the file says of the
// same source.
func (l *loader) overrideFromEnviron(c *Config, sources []kind.Source, late []string) {
	type target struct {
		id    string
		field reflect.StructField
	}
	known := map[string]target{}
	var names []string
	shape := reflect.TypeFor[SourceOverride]()
	for _, s := range sources {
		for _, key := range keysOf(shape) {
			if key == "id" {
				continue
			}
			field, _ := fieldOf(shape, key)
			name := envName("sources." + s.ID + "." + key)
			known[name] = target{s.ID, field}
			names = append(names, name)
		}
	}
	for _, pair := range late {
		name, value, _ := strings.Cut(pair, "=")
		at := place{file: environment, key: name}
		to, is := known[name]
		if !is {
			l.add(at.problem("unknown variable%s", hintVariable(name, names)))
			continue
		}
		if value == "" {
			continue
		}
		v, complaint := scalar(value, to.field.Type, false)
		if complaint != "" {
			l.add(at.problem("%s", complaint))
			continue
		}
		i := slices.IndexFunc(c.Overrides, func(o SourceOverride) bool { return o.ID == to.id })
		if i < 0 {
			i = len(c.Overrides)
			c.Overrides = append(c.Overrides, SourceOverride{ID: to.id})
			l.places[fmt.Sprintf("sources[%d]", i)] = at
		}
		l.places[fmt.Sprintf("sources[%d].%s", i, to.field.Tag.Get("mapstructure"))] = at
		assign(reflect.ValueOf(&c.Overrides[i]).Elem().FieldByIndex(to.field.Index), reflect.ValueOf(v))
	}
}

// assign sets a field, or what a field points to, to v.
func assign(field, v reflect.Value) {
	if field.Kind() == reflect.Pointer {
		p := reflect.New(field.Type().Elem())
		p.Elem().Set(v.Convert(field.Type().Elem()))
		field.Set(p)
		return
	}
	field.Set(v.Convert(field.Type()))
}

// checkPlan sees that the plan exists.
func (l *loader) checkPlan(c *Config) {
	if _, _, err := c.PlanData(""); err != nil {
		l.at("plan", "%v", err)
	}
}

// PlanData gives the file of a plan and its content. The name is the id of a plan that comes with the
// program or stands in the operator's folder, or a file (a name with a path or that ends in .yaml); empty
// means the configured plan.
func (c *Config) PlanData(name string) (file string, data []byte, err error) {
	if name == "" {
		name = c.Plan
	}
	if strings.ContainsAny(name, `/\`) || strings.HasSuffix(name, yamlSuffix) {
		data, err := os.ReadFile(name)
		if err != nil {
			return "", nil, fmt.Errorf("plan %q: %s", name, unreadable(err))
		}
		return name, data, nil
	}
	files, err := dataFiles("plans", c.Files.Dir)
	if err != nil {
		return "", nil, err
	}
	var ids []string
	for _, f := range files {
		if f.id == name {
			data, err := f.read()
			if err != nil {
				return "", nil, fmt.Errorf("plan %q: %s", name, unreadable(err))
			}
			return f.name, data, nil
		}
		ids = append(ids, f.id)
	}
	return "", nil, fmt.Errorf("no plan %q%s; a file is named with its .yaml", name, hint(name, ids, "there are"))
}

// learnedKey finds the file of learned words in a plan's text. It is enough to notice that either was edited; what the plan says
// is read by [DecodePlan].
var learnedKey = regexp.MustCompile(`(?m)^learned: *["']?([^\s"'#]+)`)

// PlanBytes gives all that a plan is made of, to be compared with what it was.
func (c *Config) PlanBytes(name string) ([]byte, error) {
	file, data, err := c.PlanData(name)
	if err != nil {
		return nil, err
	}
	if m := learnedKey.FindSubmatch(data); m != nil {
		_, learned, _ := c.learnedData(file, string(m[1])) // that it is missing is told when the plan is read
		data = slices.Concat(data, learned)
	}
	return data, nil
}

// learnedData gives a file that a plan names, and its content: the one beside the plan's own file, else the one that comes with
// the program, since a copy of our plan means our file too.
func (c *Config) learnedData(planFile, name string) (file string, data []byte, err error) {
	file = filepath.Join(filepath.Dir(planFile), filepath.FromSlash(name))
	if data, err = os.ReadFile(file); err == nil {
		return file, data, nil
	}
	name = path.Join("plans", name)
	if ours, oursErr := fs.ReadFile(embedded, name); oursErr == nil && errors.Is(err, fs.ErrNotExist) {
		return filepath.Join("config", filepath.FromSlash(name)), ours, nil
	}
	return file, nil, err
}

// LoadPlan reads a plan, named as for [Config.PlanData], with the learned words that it names.
func (c *Config) LoadPlan(name string) (*plan.Plan, error) {
	file, data, err := c.PlanData(name)
	if err != nil {
		return nil, err
	}
	p, err := DecodePlan(file, data)
	if err != nil || p.LearnedFile == "" {
		return p, err
	}
	learned, data, err := c.learnedData(file, p.LearnedFile)
	if err != nil {
		return nil, Problems{{File: file, Line: p.LearnedLine, Key: "learned", Text: fmt.Sprintf("%s: %s; write it with utkik match train, or leave the key out", learned, unreadable(err))}}.Err()
	}
	return DecodeLearned(learned, data, p)
}

// leaf is a key that holds a single value.
type leaf struct {
	key    string
	typ    reflect.Type
	secret bool
}

// leavesOf gives the keys of single values in a struct, those of its sections after their section.
func leavesOf(t reflect.Type, section string) []leaf {
	var out []leaf
	for _, key := range keysOf(t) {
		f, _ := fieldOf(t, key)
		full := joined(section, key)
		switch f.Type.Kind() {
		case reflect.Struct:
			out = append(out, leavesOf(f.Type, full)...)
		case reflect.Slice, reflect.Map:
		default:
			out = append(out, leaf{full, f.Type, f.Tag.Get("secret") != ""})
		}
	}
	return out
}

// hintVariable is hint for variables, whose common beginning would make them all alike.
func hintVariable(name string, known []string) string {
	bare := make([]string, len(known))
	for i, k := range known {
		bare[i] = strings.TrimPrefix(k, envPrefix)
	}
	if near := text.Nearest(strings.TrimPrefix(name, envPrefix), bare); near != "" {
		return "; did you mean " + envPrefix + near + "?"
	}
	return "; a variable is " + envPrefix + " and a key of the configuration, such as UTKIK_CRAWLER_DELAY"
}

// envName gives the variable of a key: UTKIK_CRAWLER_USER_AGENT for crawler.user_agent.
func envName(key string) string {
	return envPrefix + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(key))
}
