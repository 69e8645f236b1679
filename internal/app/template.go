package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"utkik/config"
	"utkik/internal/digest"
)

// templateDir is where in the operator's folder the templates are.
const templateDir = "templates"

// Templates gives the templates by which mails are laid out: the operator's that can be used, and the program's. It reads
// them anew each time, so that an edited one is in force with the next mail.
func (a *App) Templates() *digest.Templates {
	t, problems := a.templates()
	for _, p := range problems {
		a.log.Warn("a template is not used", "err", p.String())
	}
	return t
}

// templates also gives what is wrong with the operator's: nobody's mail waits for it to be mended.
func (a *App) templates() (*digest.Templates, []config.Problem) {
	folder := ""
	var files fs.FS = none{}
	if a.Config.Files.Dir != "" {
		folder = filepath.Join(a.Config.Files.Dir, templateDir)
		files = os.DirFS(folder)
	}
	t, found := digest.ReadTemplates(files)
	told := func(p digest.TemplateProblem) config.Problem {
		return config.Problem{File: filepath.Join(folder, p.File), Line: p.Line, Text: p.Text + "; the program's own is used in its place"}
	}
	var problems []config.Problem
	for _, p := range found {
		problems = append(problems, told(p))
	}
	var first sync.Once // one line says it for all mails
	t.Failed = func(p digest.TemplateProblem) {
		first.Do(func() { a.log.Warn("a template fails over a digest", "err", told(p).String()) })
	}
	return t, problems
}

// none is a folder without files.
type none struct{}

func (none) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// TemplateLine is one template as `utkik digest templates` lists it.
type TemplateLine struct {
	Name string `json:"name"`
	File string `json:"file,omitempty"` // the operator's, where that is in force
	Own  bool   `json:"own"`
}

// CheckTemplates tells which templates are in force, and what is wrong with the operator's.
func (a *App) CheckTemplates() ([]TemplateLine, config.Problems) {
	t, problems := a.templates()
	var out []TemplateLine
	for _, name := range digest.TemplateFiles() {
		l := TemplateLine{Name: name}
		for _, own := range t.Own() {
			if own == name {
				l.Own, l.File = true, filepath.Join(a.Config.Files.Dir, templateDir, name)
			}
		}
		out = append(out, l)
	}
	return out, problems
}

// CopyTemplates writes the program's templates to the operator's folder, to begin from, and gives the files that it wrote:
// those that are there stay as they are.
func (a *App) CopyTemplates() ([]string, error) {
	if a.Config.Files.Dir == "" {
		return nil, config.Problems{{File: "configuration", Key: "files.dir", Text: "missing; name the folder that shall hold your templates"}}
	}
	folder := filepath.Join(a.Config.Files.Dir, templateDir)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	var out []string
	for _, name := range digest.TemplateFiles() {
		source, err := digest.TemplateSource(name)
		if err != nil {
			return out, err // unreachable: the files are part of the program
		}
		file := filepath.Join(folder, name)
		f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			_, err = f.Write(source)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			return out, fmt.Errorf("template %s: %v", name, err)
		}
		out = append(out, file)
	}
	return out, nil
}
