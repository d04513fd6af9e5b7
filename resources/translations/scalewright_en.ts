<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
<context>
    <name>scalewright::ui::AnswerView</name>
    <message numerus="yes">
        <source>%n token(s) so far</source>
        <translation><numerusform>%n token so far</numerusform><numerusform>%n tokens so far</numerusform></translation>
    </message>
</context>
<context>
    <name>scalewright::ui::TuneMethodStep</name>
    <message numerus="yes">
        <source>the sample's own recipe: %n step(s), or choose one</source>
        <translation><numerusform>the sample's own recipe: %n step, or choose one</numerusform><numerusform>the sample's own recipe: %n steps, or choose one</numerusform></translation>
    </message>
    <message numerus="yes">
        <source>own: %n step(s)</source>
        <translation><numerusform>own: %n step</numerusform><numerusform>own: %n steps</numerusform></translation>
    </message>
    <message numerus="yes">
        <source>%n epoch(s), %1 steps</source>
        <translation><numerusform>%n epoch, %1 steps</numerusform><numerusform>%n epochs, %1 steps</numerusform></translation>
    </message>
    <message numerus="yes">
        <source>%n epoch(s)</source>
        <translation><numerusform>%n epoch</numerusform><numerusform>%n epochs</numerusform></translation>
    </message>
</context>
<context>
    <name>scalewright::ui::TunePlanStep</name>
    <message numerus="yes">
        <source>steps, %n epoch(s)</source>
        <translation><numerusform>steps, %n epoch</numerusform><numerusform>steps, %n epochs</numerusform></translation>
    </message>
    <message numerus="yes">
        <source>a validation every %n step(s)</source>
        <translation><numerusform>a validation every step</numerusform><numerusform>a validation every %n steps</numerusform></translation>
    </message>
    <message numerus="yes">
        <source>a validation every %n step(s), with your own prompt</source>
        <translation><numerusform>a validation every step, with your own prompt</numerusform><numerusform>a validation every %n steps, with your own prompt</numerusform></translation>
    </message>
</context>
<context>
    <name>scalewright::ui::RecipeDiffModel</name>
    <message numerus="yes">
        <source>%n step(s)</source>
        <translation><numerusform>%n step</numerusform><numerusform>%n steps</numerusform></translation>
    </message>
    <message numerus="yes">
        <source>%n epoch(s)</source>
        <translation><numerusform>%n epoch</numerusform><numerusform>%n epochs</numerusform></translation>
    </message>
</context>
<context>
    <name>scalewright::ui::TuneDataStep</name>
    <message numerus="yes">
        <source>%n row(s)</source>
        <translation><numerusform>%n row</numerusform><numerusform>%n rows</numerusform></translation>
    </message>
</context>
<context>
    <name>scalewright::ui::DataFileRow</name>
    <message numerus="yes">
        <source>%n row(s), %1, %2</source>
        <translation><numerusform>%n row, %1, %2</numerusform><numerusform>%n rows, %1, %2</numerusform></translation>
    </message>
</context>
</TS>
