import { ActionIcon, type MantineColorScheme, Menu, useMantineColorScheme } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { LANGUAGES } from "../../i18n";
import { CheckIcon, LanguageIcon, MoonIcon, SunIcon, SystemIcon } from "../../ui/icons";

const SCHEMES: MantineColorScheme[] = ["auto", "light", "dark"];
const SCHEME_ICONS = { auto: SystemIcon, light: SunIcon, dark: MoonIcon };

export function LanguageMenu() {
  const { t, i18n } = useTranslation();
  return (
    <ChoiceMenu
      label={t("language.label")}
      icon={<LanguageIcon />}
      choices={LANGUAGES.map((language) => ({ value: language, label: t(`language.${language}`), language }))}
      value={i18n.language}
      onChange={(language) => void i18n.changeLanguage(language)}
    />
  );
}

export function ThemeMenu() {
  const { t } = useTranslation();
  // Mantine would pause transitions by a style element, which the content security policy refuses.
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const Icon = SCHEME_ICONS[colorScheme];
  return (
    <ChoiceMenu
      label={t("theme.label")}
      icon={<Icon />}
      choices={SCHEMES.map((scheme) => ({ value: scheme, label: t(`theme.${scheme}`) }))}
      value={colorScheme}
      onChange={setColorScheme}
    />
  );
}

interface Props<Value extends string> {
  label: string;
  icon: ReactNode;
  choices: { value: Value; label: string; language?: string }[];
  value: string;
  onChange: (value: Value) => void;
}

function ChoiceMenu<Value extends string>({ label, icon, choices, value, onChange }: Props<Value>) {
  return (
    <Menu width={168}>
      <Menu.Target>
        <ActionIcon aria-label={label} title={label} size="lg">
          {icon}
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{label}</Menu.Label>
        {choices.map((choice) => (
          <Menu.RadioItem
            key={choice.value}
            value={choice.value}
            lang={choice.language}
            checked={choice.value === value}
            checkIcon={<CheckIcon size={14} />}
            closeMenuOnClick
            onChange={() => onChange(choice.value)}
          >
            {choice.label}
          </Menu.RadioItem>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
